import { Asset, Memo, Operation, xdr } from '@stellar/stellar-base';
import {
  alice,
  bob,
  carol,
  chainByHand,
  nobody,
  pay,
  payNothing,
  PI,
  sketch,
  told,
  type Sketch,
} from './chain.fixture.js';
import type { Chain } from './chain.js';

const TX_FEE = 100_000n;

function balance(chain: Chain, address: string): bigint {
  return chain.account(address)?.balance ?? 0n;
}

describe('A payment on the chain', () => {
  it('moves the amount and burns the fee and one sequence number when its ledger closes', () => {
    const chain = chainByHand();
    const before = chain.account(alice.publicKey());
    const { xdr: envelope, hash } = sketch(chain, { pi: '2.5', memo: Memo.text('order 1') });

    expect(chain.submit(envelope)).toEqual({ status: 'PENDING', hash });
    expect(chain.transaction(hash)).toBeUndefined();
    const ledger = chain.close();

    expect(balance(chain, bob.publicKey())).toBe(102n * PI + PI / 2n);
    expect(chain.account(alice.publicKey())).toMatchObject({
      balance: 97n * PI + PI / 2n - TX_FEE,
      sequence: (before?.sequence ?? 0n) + 1n,
      sequenceLedger: ledger.sequence,
      sequenceTime: ledger.closedAt,
    });
    expect(chain.transaction(hash)).toMatchObject({
      hash,
      successful: true,
      ledger: ledger.sequence,
      order: 1,
      memo: 'order 1',
      memoType: 'text',
      feeCharged: TX_FEE,
      operationCodes: ['op_success'],
    });
    expect(chain.transactionsOf(bob.publicKey())).toHaveLength(1);
  });

  it('charges the ledger’s fee, not what was offered', () => {
    const chain = chainByHand();
    chain.submit(sketch(chain, { fee: 5_000_000n }).xdr);
    const [transaction] = chain.close().transactions;
    expect(transaction).toMatchObject({ feeCharged: TX_FEE, maxFee: 5_000_000n });
  });

  it('starts an account’s sequence at the ledger it was created in, shifted by 32 bits', () => {
    const chain = chainByHand();
    expect(chain.account(alice.publicKey())?.sequence).toBe(1000n << 32n);
    const operations = [Operation.createAccount({ destination: nobody.publicKey(), startingBalance: '5' })];
    chain.submit(sketch(chain, { operations }).xdr);
    const { sequence } = chain.close();
    expect(chain.account(nobody.publicKey())).toMatchObject({ balance: 5n * PI, sequence: BigInt(sequence) << 32n });
  });

  it('keeps its answers for waiters: applied, or nothing when the time runs out', async () => {
    const chain = chainByHand();
    const { xdr: envelope, hash } = sketch(chain);
    chain.submit(envelope);
    const applied = chain.waitFor(hash);
    chain.close();
    expect(await applied).toMatchObject({ hash, successful: true });
    expect(await chain.waitFor('00'.repeat(32), { timeoutMs: 5 })).toBeUndefined();
  });
});

describe('Refusals on submission, in stellar-core’s order', () => {
  const late = (chain: Chain): number => Math.floor(chain.now() / 1000);
  const cases: [string, string, (chain: Chain) => Sketch][] = [
    ['tx_missing_operation', 'no operation', () => ({ operations: [] })],
    ['tx_too_early', 'minTime in the future', (chain) => ({ minTime: late(chain) + 60 })],
    ['tx_too_late', 'maxTime gone', (chain) => ({ maxTime: late(chain) - 1 })],
    ['tx_too_late', 'maxTime less than 10 s ahead', (chain) => ({ maxTime: late(chain) + 8 })],
    ['tx_too_late', 'maxTime gone, and a used sequence number', () => ({ maxTime: 1, sequence: 1n })],
    ['tx_too_late', 'maxTime gone, and too small a fee', () => ({ maxTime: 1, fee: 1n })],
    ['tx_too_late', 'ledger bounds gone', () => ({ change: (builder) => void builder.setLedgerbounds(1, 1000) })],
    ['tx_insufficient_fee', 'a fee below the minimum', () => ({ fee: 99_999n })],
    ['tx_insufficient_fee', 'a fee below the minimum, and a used sequence number', () => ({ fee: 1n, sequence: 1n })],
    [
      'tx_insufficient_fee',
      'a fee for one of two operations',
      () => ({ operations: [pay(bob.publicKey(), '1'), pay(carol.publicKey(), '1')], fee: TX_FEE }),
    ],
    ['tx_no_source_account', 'an account that does not exist', () => ({ from: nobody })],
    ['tx_bad_seq', 'a used sequence number', () => ({ sequence: 1n })],
    [
      'tx_bad_seq',
      'a sequence number too far ahead',
      (chain) => ({ sequence: (chain.account(alice.publicKey())?.sequence ?? 0n) + 2n }),
    ],
    ['tx_bad_seq', 'a used sequence number, and no signature', () => ({ sequence: 1n, signers: [] })],
    ['tx_bad_auth', 'no signature', () => ({ signers: [] })],
    ['tx_bad_auth', 'somebody else’s signature', () => ({ signers: [bob] })],
    ['tx_bad_auth', 'a signature for the other network', () => ({ passphrase: 'Pi Network' })],
    ['tx_bad_auth_extra', 'one signature too many', () => ({ signers: [alice, bob] })],
    ['tx_insufficient_balance', 'a fee the account cannot pay', () => ({ fee: 100n * PI })],
    ['tx_failed op_malformed', 'an amount of zero', () => ({ operations: [payNothing(bob.publicKey())] })],
    [
      'tx_failed op_bad_auth',
      'an operation of another account without its signature',
      () => ({ operations: [pay(alice.publicKey(), '1', bob.publicKey())] }),
    ],
    [
      'tx_failed op_no_source_account',
      'an operation of an account that does not exist',
      () => ({ operations: [pay(alice.publicKey(), '1', nobody.publicKey())] }),
    ],
    [
      'tx_failed op_not_supported',
      'an operation the emulator does not play',
      () => ({ operations: [Operation.accountMerge({ destination: bob.publicKey() })] }),
    ],
    [
      'tx_not_supported',
      'a precondition the emulator does not play',
      () => ({ change: (builder) => void builder.setExtraSigners([bob.publicKey()]) }),
    ],
    [
      'PENDING',
      'an operation of another account with its signature',
      () => ({ operations: [pay(alice.publicKey(), '1', bob.publicKey())], signers: [alice, bob] }),
    ],
    ['PENDING', 'maxTime far enough ahead', (chain) => ({ maxTime: late(chain) + 60 })],
  ];

  it.each(cases)('%s: %s', (expected, _, wanted) => {
    const chain = chainByHand();
    const answer = chain.submit(sketch(chain, wanted(chain)).xdr);
    expect(told(answer)).toBe(expected);
  });

  it('answers a refusal with its XDR, and changes nothing', () => {
    const chain = chainByHand();
    const before = chain.account(alice.publicKey());
    const answer = chain.submit(sketch(chain, { sequence: 1n }).xdr);
    expect(answer).toMatchObject({ status: 'ERROR', result: { code: 'tx_bad_seq', feeCharged: TX_FEE } });
    const result = xdr.TransactionResult.fromXDR('result' in answer ? answer.result.xdr : '', 'base64');
    expect(result.result().switch().name).toBe('txBadSeq');
    expect(chain.close().transactions).toEqual([]);
    expect(chain.account(alice.publicKey())).toEqual(before);
  });

  it('says tx_too_late and tx_insufficient_fee even about a transaction that has applied', () => {
    const chain = chainByHand();
    const { xdr: envelope, hash } = sketch(chain, { maxTime: Math.floor(chain.now() / 1000) + 30 });
    chain.submit(envelope);
    chain.close();
    chain.advance(25);
    expect(chain.transaction(hash)).toMatchObject({ successful: true });
    expect(told(chain.submit(envelope))).toBe('tx_too_late');
  });

  it('refuses what is not an envelope by name', () => {
    expect(() => chainByHand().submit('AAAA')).toThrow('not a base64 TransactionEnvelope');
    expect(chainByHand().read('???')).toBeUndefined();
  });
});

describe('A transaction that applies and fails', () => {
  const usdt = new Asset('USDT', carol.publicKey());
  const cases: [string, Sketch][] = [
    ['op_underfunded', { pi: '99.5' }],
    ['op_no_destination', { to: nobody.publicKey() }],
    ['op_no_trust', { operations: [Operation.payment({ destination: bob.publicKey(), asset: usdt, amount: '1' })] }],
    [
      'op_low_reserve',
      { operations: [Operation.createAccount({ destination: nobody.publicKey(), startingBalance: '0.5' })] },
    ],
    [
      'op_already_exists',
      { operations: [Operation.createAccount({ destination: bob.publicKey(), startingBalance: '5' })] },
    ],
    [
      'op_underfunded',
      { operations: [Operation.createAccount({ destination: nobody.publicKey(), startingBalance: '100' })] },
    ],
  ];

  it.each(cases)('%s: burns its sequence number and fee, moves nothing, and is listed as failed', (code, wanted) => {
    const chain = chainByHand();
    const { xdr: envelope, hash } = sketch(chain, wanted);
    const before = chain.account(alice.publicKey());
    expect(told(chain.submit(envelope))).toBe('PENDING');
    chain.close();
    expect(chain.transaction(hash)).toMatchObject({
      successful: false,
      resultCode: 'tx_failed',
      operationCodes: [code],
    });
    expect(chain.account(alice.publicKey())).toMatchObject({
      balance: (before?.balance ?? 0n) - TX_FEE,
      sequence: (before?.sequence ?? 0n) + 1n,
    });
    expect(balance(chain, bob.publicKey())).toBe(100n * PI);
    const result = xdr.TransactionResult.fromXDR(chain.transaction(hash)?.resultXdr ?? '', 'base64');
    expect(result.result().switch().name).toBe('txFailed');
    expect(result.feeCharged().toString()).toBe(String(TX_FEE));
  });

  it('op_line_full: when the receiver can hold no more', () => {
    const chain = chainByHand();
    chain.fund(bob.publicKey(), (1n << 63n) - 1n - 100n * PI);
    chain.submit(sketch(chain).xdr);
    expect(chain.close().transactions).toMatchObject([{ successful: false, operationCodes: ['op_line_full'] }]);
  });

  it('undoes every operation when one fails', () => {
    const chain = chainByHand();
    const operations = [pay(bob.publicKey(), '1'), pay(nobody.publicKey(), '1')];
    chain.submit(sketch(chain, { operations }).xdr);
    const [transaction] = chain.close().transactions;
    expect(transaction?.operationCodes).toEqual(['op_success', 'op_no_destination']);
    expect(balance(chain, bob.publicKey())).toBe(100n * PI);
  });
});

describe('A least sequence number as precondition', () => {
  it('lets a transaction leave a gap in the account’s sequence numbers', () => {
    const chain = chainByHand();
    const start = chain.account(alice.publicKey())?.sequence ?? 0n;
    const change: Sketch['change'] = (builder) => void builder.setMinAccountSequence(start.toString());
    expect(told(chain.submit(sketch(chain, { sequence: start + 9n, change }).xdr))).toBe('PENDING');
    expect(chain.close().transactions).toMatchObject([{ successful: true }]);
    expect(chain.account(alice.publicKey())?.sequence).toBe(start + 9n);
    expect(told(chain.submit(sketch(chain, { sequence: start + 9n, change, pi: '2' }).xdr))).toBe('tx_bad_seq');
  });
});

describe('bump_sequence', () => {
  it('jumps ahead, and never back', () => {
    const chain = chainByHand();
    const start = chain.account(alice.publicKey())?.sequence ?? 0n;
    const bump = (to: bigint): void => {
      chain.submit(sketch(chain, { operations: [Operation.bumpSequence({ bumpTo: to.toString() })] }).xdr);
      expect(chain.close().transactions[0]).toMatchObject({ successful: true });
    };
    bump(start + 10n);
    expect(chain.account(alice.publicKey())?.sequence).toBe(start + 10n);
    bump(start + 3n);
    expect(chain.account(alice.publicKey())?.sequence).toBe(start + 11n);
  });
});
