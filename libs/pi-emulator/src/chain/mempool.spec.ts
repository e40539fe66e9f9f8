import { Operation, TransactionBuilder } from '@stellar/stellar-base';
import { alice, bob, carol, chainByHand, pay, PI, sketch, told } from './chain.fixture.js';
import type { Chain } from './chain.js';

const ALICE = alice.publicKey();

function sequenceOf(chain: Chain, address = ALICE): bigint {
  return chain.account(address)?.sequence ?? 0n;
}

function seconds(chain: Chain): number {
  return Math.floor(chain.now() / 1000);
}

describe('The queue', () => {
  it('takes one transaction of a source account at a time, and the same one again as a duplicate', () => {
    const chain = chainByHand();
    const first = sketch(chain, { pi: '1' });
    const other = sketch(chain, { pi: '2' });
    const ahead = sketch(chain, { sequence: sequenceOf(chain) + 2n });
    const older = sketch(chain, { sequence: 7n });
    expect(told(chain.submit(first.xdr))).toBe('PENDING');
    expect(told(chain.submit(first.xdr))).toBe('DUPLICATE');
    expect(told(chain.submit(other.xdr))).toBe('TRY_AGAIN_LATER');
    expect(told(chain.submit(ahead.xdr))).toBe('TRY_AGAIN_LATER');
    expect(told(chain.submit(older.xdr))).toBe('tx_bad_seq');
    expect(told(chain.submit(sketch(chain, { from: bob, to: ALICE }).xdr))).toBe('PENDING');
    expect(chain.close().transactions.map(({ hash }) => hash)).toEqual([first.hash, expect.any(String)]);
    expect(told(chain.submit(ahead.xdr))).toBe('PENDING'); // "later" has come
  });

  it('is free for the account again once another copy of its sequence number has applied', () => {
    const chain = chainByHand();
    const ours = sketch(chain);
    chain.submit(ours.xdr);
    const foreign = chain.adversary.useSequence({ secret: alice.secret() });
    const { transactions } = chain.close();
    expect(transactions.map(({ hash }) => hash)).toEqual([foreign.hash]);
    expect(chain.transaction(ours.hash)).toBeUndefined();
    expect(told(chain.submit(sketch(chain).xdr))).toBe('PENDING');
  });

  it('replaces a pending transaction by a fee bump of the same sequence number that pays ten times as much', () => {
    const chain = chainByHand();
    const first = sketch(chain);
    chain.submit(first.xdr);
    const bump = (rate: string) => {
      const wrapped = TransactionBuilder.buildFeeBumpTransaction(carol, rate, first.transaction, chain.passphrase);
      wrapped.sign(carol);
      return wrapped;
    };
    expect(told(chain.submit(bump('900000').toXDR()))).toBe('tx_insufficient_fee');
    expect(told(chain.submit(bump('1000000').toXDR()))).toBe('PENDING');
    const [applied] = chain.close().transactions;
    expect(applied).toMatchObject({ innerHash: first.hash, feeAccount: carol.publicKey(), feeCharged: 200_000n });
    expect(chain.account(ALICE)?.balance).toBe(99n * PI); // paid the amount, not the fee
  });

  it('bans a refused transaction for ten ledgers: posting it again does nothing in that time', () => {
    const chain = chainByHand();
    const early = sketch(chain, { sequence: sequenceOf(chain) + 2n });
    expect(told(chain.submit(early.xdr))).toBe('tx_bad_seq');
    chain.submit(sketch(chain).xdr);
    for (let ledger = 1; ledger <= 10; ledger += 1) {
      expect(told(chain.submit(early.xdr))).toBe('TRY_AGAIN_LATER');
      chain.close();
    }
    expect(told(chain.submit(early.xdr))).toBe('PENDING');
  });

  it('can leave refused transactions unbanned: the same envelope applies as soon as its sequence number is due', () => {
    const chain = chainByHand({ banRefused: false });
    const early = sketch(chain, { sequence: sequenceOf(chain) + 2n });
    expect(told(chain.submit(early.xdr))).toBe('tx_bad_seq');
    expect(told(chain.submit(early.xdr))).toBe('tx_bad_seq');
    chain.submit(sketch(chain).xdr);
    chain.close();
    expect(told(chain.submit(early.xdr))).toBe('PENDING');
  });

  it('bans the envelope, not the transaction: a badly signed copy does not harm the good one', () => {
    const chain = chainByHand();
    const forged = sketch(chain, { signers: [bob] });
    const good = sketch(chain);
    expect(forged.hash).toBe(good.hash);
    expect(told(chain.submit(forged.xdr))).toBe('tx_bad_auth');
    expect(told(chain.submit(good.xdr))).toBe('PENDING');
  });

  it('counts the fees an account has already promised', () => {
    const chain = chainByHand();
    const spare = 100n * PI - 2n * chain.baseReserve;
    const bump = TransactionBuilder.buildFeeBumpTransaction(
      carol,
      ((spare - 50_000n) / 2n).toString(),
      sketch(chain).transaction,
      chain.passphrase,
    );
    bump.sign(carol);
    expect(told(chain.submit(bump.toXDR()))).toBe('PENDING');
    expect(told(chain.submit(sketch(chain, { from: carol }).xdr))).toBe('tx_insufficient_balance');
  });
});

describe('Fee bumps', () => {
  const cases: [string, (chain: Chain) => string][] = [
    [
      'tx_fee_bump_inner_failed tx_bad_seq',
      (chain) => wrap(chain, { transaction: sketch(chain, { sequence: 7n }).transaction }),
    ],
    [
      'tx_fee_bump_inner_failed tx_failed op_bad_auth',
      (chain) =>
        wrap(chain, {
          transaction: sketch(chain, { operations: [pay(bob.publicKey(), '1', bob.publicKey())] }).transaction,
        }),
    ],
    ['tx_bad_auth', (chain) => wrap(chain, { signer: bob })],
    ['tx_insufficient_balance', (chain) => wrap(chain, { rate: 60n * PI })],
    ['PENDING', (chain) => wrap(chain)],
  ];

  function wrap(
    chain: Chain,
    { transaction = sketch(chain).transaction, rate = 100_000n, signer = carol } = {},
  ): string {
    const bump = TransactionBuilder.buildFeeBumpTransaction(carol, rate.toString(), transaction, chain.passphrase);
    bump.sign(signer);
    return bump.toXDR();
  }

  it.each(cases)('%s', (expected, made) => {
    const chain = chainByHand();
    expect(told(chain.submit(made(chain)))).toBe(expected);
  });

  it('burns the inner sequence number when the inner transaction fails', () => {
    const chain = chainByHand();
    const before = sequenceOf(chain);
    chain.submit(wrap(chain, { transaction: sketch(chain, { pi: '1000' }).transaction }));
    expect(chain.close().transactions).toMatchObject([
      { successful: false, resultCode: 'tx_failed', operationCodes: ['op_underfunded'], feeAccount: carol.publicKey() },
    ]);
    expect(sequenceOf(chain)).toBe(before + 1n);
  });
});

describe('Time bounds', () => {
  it('hold until the close time of the ledger itself: one that closes at maxTime still takes it', () => {
    const chain = chainByHand();
    const maxTime = seconds(chain) + 120;
    const { xdr: envelope, hash } = sketch(chain, { maxTime });
    chain.submit(envelope);
    chain.advance(maxTime - seconds(chain));
    expect(chain.close().closedAt).toBe(maxTime);
    expect(chain.transaction(hash)).toMatchObject({ successful: true, maxTime: BigInt(maxTime) });
  });

  it('drop and ban a transaction in silence when its time runs out in the queue', () => {
    const chain = chainByHand();
    const late = sketch(chain, { maxTime: seconds(chain) + 60 });
    const before = chain.account(ALICE);
    chain.submit(late.xdr);
    chain.advance(61);
    expect(chain.close().transactions).toEqual([]);
    expect(chain.account(ALICE)).toEqual(before);
    expect(told(chain.submit(late.xdr))).toBe('TRY_AGAIN_LATER');
    expect(told(chain.submit(sketch(chain).xdr))).toBe('PENDING');
  });

  it('are refused about ten seconds before they end', () => {
    const chain = chainByHand();
    const maxTime = seconds(chain) + 60;
    chain.advance(52);
    expect(told(chain.submit(sketch(chain, { maxTime }).xdr))).toBe('tx_too_late');
  });
});

describe('canStillApply', () => {
  it('ends with the sequence number or with the time, whichever comes first', () => {
    const chain = chainByHand();
    const maxTime = chain.latest.closedAt + 60;
    const { xdr } = sketch(chain, { maxTime });
    const rival = sketch(chain);
    expect(chain.canStillApply(xdr)).toBe(true);
    chain.advance(59 - (seconds(chain) - chain.latest.closedAt));
    expect(chain.close().closedAt).toBe(maxTime - 1);
    expect(chain.canStillApply(xdr)).toBe(true);
    expect(chain.close().closedAt).toBe(maxTime);
    expect(chain.canStillApply(xdr)).toBe(false);
    expect(chain.canStillApply(rival.xdr)).toBe(true);
    chain.submit(rival.xdr);
    chain.close();
    expect(chain.canStillApply(rival.xdr)).toBe(false);
  });
});

describe('Full ledgers', () => {
  it('leave a cheap transaction waiting, then drop and ban it after four ledgers', () => {
    const chain = chainByHand();
    const cheap = sketch(chain);
    chain.submit(cheap.xdr);
    chain.adversary.surge(500_000n);
    for (let ledger = 0; ledger < 4; ledger += 1) expect(chain.close().transactions).toEqual([]);
    chain.adversary.surge(undefined);
    expect(told(chain.submit(cheap.xdr))).toBe('TRY_AGAIN_LATER');
  });

  it('refuse what pays less, ban it, and take and charge what pays enough', () => {
    const chain = chainByHand();
    chain.adversary.surge(500_000n);
    const answer = chain.submit(sketch(chain).xdr);
    expect(answer).toMatchObject({ status: 'ERROR', result: { code: 'tx_insufficient_fee', feeCharged: 500_000n } });
    expect(told(chain.submit(sketch(chain, { fee: 600_000n }).xdr))).toBe('PENDING');
    expect(chain.close().transactions).toMatchObject([{ feeCharged: 500_000n, maxFee: 600_000n, successful: true }]);
  });
});

describe('Two transactions of one ledger', () => {
  it('that touch one sequence number: the later one fails, pays its fee and keeps its number', () => {
    const chain = chainByHand();
    const bump = Operation.bumpSequence({ bumpTo: (sequenceOf(chain) + 5n).toString(), source: ALICE });
    chain.submit(sketch(chain, { from: bob, operations: [bump], signers: [bob, alice] }).xdr);
    const victim = sketch(chain);
    const start = sequenceOf(chain);
    chain.submit(victim.xdr);
    chain.close();
    expect(chain.transaction(victim.hash)).toMatchObject({ successful: false, resultCode: 'tx_bad_seq' });
    expect(chain.account(ALICE)).toMatchObject({ balance: 100n * PI - 100_000n, sequence: start + 5n });
  });
});
