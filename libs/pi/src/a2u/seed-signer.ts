import { PiConfigurationError } from '../errors/pi-configuration-error.js';
import type { PiSigner } from '../pi.ports.js';

/** Signs with a seed (`S…`). Loads stellar-base. The seed is kept where no logger that prints objects finds it. */
export async function seedSigner(seed: string): Promise<PiSigner> {
  const { Keypair, StrKey } = await import('@stellar/stellar-base');
  if (!StrKey.isValidEd25519SecretSeed(seed)) {
    throw new PiConfigurationError([
      {
        problem: 'the seed of a wallet is not a secret seed of the Pi blockchain',
        fix: 'pass the wallet\'s private seed: 56 characters that begin with "S" (PI_WALLET_PRIVATE_SEED)',
      },
    ]);
  }
  const pair = Keypair.fromSecret(seed);
  return {
    publicKey: pair.publicKey(),
    sign: async (transactionHash) => pair.sign(Buffer.from(transactionHash)),
  };
}
