import type { Keypair } from '@stellar/stellar-base';
import { alice, bob } from './chain.fixture.js';
import { hintOf, isSignedBy } from './signature.js';

describe('A signature', () => {
  const hash = Buffer.alloc(32, 7);
  const signature = alice.sign(hash);

  it.each<[string, Keypair, Buffer, Buffer, boolean]>([
    ['its key and hash', alice, hash, signature, true],
    ['another key', bob, hash, signature, false],
    ['another hash', alice, Buffer.alloc(32, 8), signature, false],
    ['half of it', alice, hash, signature.subarray(0, 32), false],
    ['nothing', alice, hash, Buffer.alloc(0), false],
  ])('fits or not: %s', (_case, keys, signed, given, fits) => {
    expect(isSignedBy(keys.publicKey(), signed, given)).toBe(fits);
  });

  it('says whose it is as the Stellar library says it', () => {
    expect(hintOf(alice.publicKey())).toEqual(alice.signatureHint());
  });
});
