import type { Attempt, Evidence, PayoutFacts, PiView, WalletRecord } from './payout.evidence.js';
import {
  covers,
  decide,
  disagreements,
  isDead,
  mayCancelUnread,
  ownership,
  predates,
  provenBaseline,
} from './payout.rules.js';
import { ALL_RULES, type RuleSwitches } from './rule-switches.js';

const WALLET = 'GWALLET';
const PIONEER = 'GPIONEER';
const NETWORK = 'Pi Testnet';
const NOW = 10_000;

function facts(changes: Partial<PayoutFacts> = {}): PayoutFacts {
  return {
    key: 'order-1',
    wallet: WALLET,
    uid: 'u1',
    stroops: 15_000_000n,
    identifier: 'id-1',
    destination: PIONEER,
    createdAtPi: NOW - 60,
    baseline: 4n,
    attempts: [],
    cancelWanted: false,
    ...changes,
  };
}

function attempt(sequence: bigint, hash: string, maxTime = NOW + 60): Attempt {
  return { number: 1, sequence, maxTime, hash };
}

function record(sequence: bigint, hash: string, changes: Partial<WalletRecord> = {}): WalletRecord {
  return { hash, sequence, source: WALLET, successful: true, ledger: 100, closedAt: NOW - 5, ...changes };
}

const ours = {
  memo: 'id-1',
  payment: { source: WALLET, destination: PIONEER, stroops: 15_000_000n },
} satisfies Partial<WalletRecord>;

const pi: PiView = {
  identifier: 'id-1',
  uid: 'u1',
  stroops: 15_000_000n,
  from: WALLET,
  to: PIONEER,
  direction: 'app_to_user',
  network: NETWORK,
  cancelled: false,
  completed: false,
  key: 'order-1',
  instance: 'me',
  createdAt: NOW - 60,
};

function seen(sequence: bigint, records: WalletRecord[], changes: Partial<Evidence> = {}): Evidence {
  return {
    chain: { passphrase: NETWORK, expected: NETWORK },
    account: { sequence, ledger: 101, closedAt: NOW },
    history: { records, exhausted: true },
    pi,
    ...changes,
  };
}

const without = (rule: keyof RuleSwitches): RuleSwitches => ({ ...ALL_RULES, [rule]: false });

describe('The histories that broke earlier drafts', () => {
  const v1 = attempt(5n, 'v1');
  const v2 = attempt(6n, 'v2');
  const failed1 = record(5n, 'v1', { ...ours, successful: false });
  const x5 = record(5n, 'x');

  it.each<{
    name: string;
    rule: keyof RuleSwitches;
    payout: PayoutFacts;
    evidence: Evidence;
    safe: string;
    broken: string;
  }>([
    {
      name: '1: the first variant failed, the second applied unseen, the first is found failed again',
      rule: 'covering',
      payout: facts({ attempts: [v1, v2] }),
      evidence: seen(6n, [failed1]),
      safe: 'read_again',
      broken: 'sign',
    },
    {
      name: '2: a stranger took the first number, the second variant applied unseen',
      rule: 'covering',
      payout: facts({ attempts: [v1, v2] }),
      evidence: seen(6n, [x5]),
      safe: 'read_again',
      broken: 'sign',
    },
    {
      name: '3: the recipient wrapped our envelope in a fee bump (hash inside)',
      rule: 'ownByInnerHash',
      payout: facts({ attempts: [v1] }),
      evidence: seen(5n, [record(5n, 'wrapper', { innerHash: 'v1' })]),
      safe: 'note_paid',
      broken: 'sign',
    },
    {
      name: '4: another account with the same sequence number touches the wallet',
      rule: 'walletOnly',
      payout: facts({ attempts: [v1] }),
      evidence: seen(5n, [record(5n, 'dust', { source: 'GSTRANGER' })]),
      safe: 'read_again',
      broken: 'sign',
    },
    {
      name: '5: the account reading is fresh, the history is from an old replica',
      rule: 'covering',
      payout: facts({ attempts: [v1] }),
      evidence: seen(5n, []),
      safe: 'read_again',
      broken: 'sign',
    },
    {
      name: '7a: the first variant applied and its commit was lost',
      rule: 'ownByMemo',
      payout: facts(),
      evidence: seen(5n, [record(5n, 'lost', ours)]),
      safe: 'note_paid',
      broken: 'sign',
    },
    {
      name: '7b: applied and lost, and the listing is stale',
      rule: 'covering',
      payout: facts({ attempts: [attempt(5n, 'v2')] }),
      evidence: seen(6n, [x5]),
      safe: 'read_again',
      broken: 'sign',
    },
    {
      name: '9: a later variant with an earlier time bound',
      rule: 'everyMaxTime',
      payout: facts({ attempts: [attempt(5n, 'v1', NOW + 1), attempt(5n, 'v2', NOW - 1)], cancelWanted: true }),
      evidence: seen(4n, []),
      safe: 'wait',
      broken: 'cancel',
    },
    {
      name: '10: a cancel while an attempt can still apply',
      rule: 'cancelProof',
      payout: facts({ cancelWanted: true, lossyUntil: NOW + 30 }),
      evidence: seen(4n, []),
      safe: 'wait',
      broken: 'cancel',
    },
    {
      name: '13: the testnet was reset, the wallet looks unused',
      rule: 'chainIdentity',
      payout: facts({ attempts: [attempt(5n, 'v1', NOW - 1)] }),
      evidence: seen(4n, [], {
        chain: { passphrase: NETWORK, expected: NETWORK, anchor: { stored: 'aa', found: 'bb' } },
      }),
      safe: 'review',
      broken: 'sign',
    },
    {
      name: '14: dust to the wallet with our memo',
      rule: 'operationMatch',
      payout: facts({ attempts: [v1] }),
      evidence: seen(4n, [
        record(77n, 'dust', {
          source: 'GSTRANGER',
          memo: 'id-1',
          payment: { source: 'GSTRANGER', destination: WALLET, stroops: 1n },
        }),
      ]),
      safe: 'post',
      broken: 'note_paid',
    },
  ])('$name', ({ rule, payout, evidence, safe, broken }) => {
    expect(decide(payout, evidence).do).toBe(safe);
    expect(decide(payout, evidence, without(rule)).do).toBe(broken);
  });

  it('11: a payment of another key, or another instance, is not adopted', () => {
    const row = { open: true };
    expect(ownership({ ...pi, instance: 'other' }, 'me', row)).toBe('foreign');
    expect(ownership({ ...pi, instance: 'other' }, 'me', row, without('ownKeyOnly'))).toBe('adopt');
    expect(ownership(pi, 'me', row)).toBe('adopt');
    expect(ownership(pi, 'me', undefined)).toBe('unknown_key');
    const { key: _, ...nobodys } = pi;
    expect(ownership(nobodys, 'me', row)).toBe('foreign');
  });

  it('12: a duplicate of a bound payment is an orphan, and one whose payout ended unbound', () => {
    const bound = { identifier: 'id-0', open: false };
    expect(ownership(pi, 'me', bound)).toBe('orphan');
    expect(ownership(pi, 'me', bound, without('orphans'))).toBe('foreign');
    expect(ownership(pi, 'me', { open: false })).toBe('orphan');
    expect(ownership(pi, 'me', { identifier: 'id-1', open: false })).toBe('bound');
  });
});

describe('A signature', () => {
  it('first: takes the next number once the history covers, bound 120 s after the ledger of the reading', () => {
    expect(decide(facts(), seen(4n, []))).toEqual({ do: 'sign', sequence: 5n, maxTime: NOW + 120, why: 'first' });
    expect(decide(facts(), seen(6n, [record(5n, 'a'), record(6n, 'b')]))).toMatchObject({ do: 'sign', sequence: 7n });
  });

  it.each<[string, Partial<PiView>, string]>([
    ['cancelled', { cancelled: true }, 'cancel'],
    ['completed', { completed: true, txid: 'tx' }, 'note_completed'],
    ['another amount', { stroops: 15_000_001n }, 'refuse'],
    ['from another wallet', { from: 'GOTHER' }, 'hand_over'],
    ['from another wallet, and otherwise not ours', { from: 'GOTHER', uid: 'u2' }, 'refuse'],
    ['to another wallet', { to: 'GOTHER' }, 'refuse'],
    ['user to app', { direction: 'user_to_app' }, 'refuse'],
    ['on another network', { network: 'Pi Network' }, 'refuse'],
  ])('is not made when the payment at Pi is %s', (_, changes, expected) => {
    expect(decide(facts(), seen(4n, [], { pi: { ...pi, ...changes } })).do).toBe(expected);
  });

  it('again is not made, nor handed over, when the payment at Pi is from another wallet', () => {
    const late = facts({ attempts: [attempt(5n, 'v1', NOW - 1)] });
    expect(decide(late, seen(4n, [], { pi: { ...pi, from: 'GOTHER' } })).do).toBe('refuse');
  });

  it('asks Pi first', () => {
    const { pi: _, ...unasked } = seen(4n, []);
    expect(decide(facts(), unasked)).toEqual({ do: 'ask', what: 'pi' });
  });

  it('renewed: at the same number, after every time bound has passed', () => {
    const late = facts({ attempts: [attempt(5n, 'v1', NOW - 1)] });
    expect(decide(late, seen(4n, []))).toMatchObject({ do: 'sign', sequence: 5n, why: 'renewed', maxTime: NOW + 120 });
    expect(decide(late, seen(3n, [])).do).toBe('read_again');
    expect(decide(facts({ attempts: [attempt(5n, 'v1', NOW)] }), seen(4n, [])).do).toBe('post');
  });

  it('raised: only when the old number was used by something else', () => {
    const p = facts({ attempts: [attempt(5n, 'v1')] });
    expect(decide(p, seen(5n, [record(5n, 'x')]))).toMatchObject({ do: 'sign', sequence: 6n, why: 'raised' });
    expect(decide(p, seen(5n, [record(5n, 'v1', { ...ours, successful: false })]))).toMatchObject({ do: 'sign' });
    expect(decide(p, seen(5n, [record(5n, 'v1', ours)]))).toEqual({ do: 'note_paid', txid: 'v1' });
  });

  it('for a higher fee: same number, same time bound', () => {
    const p = facts({ attempts: [attempt(5n, 'v1', NOW + 42)] });
    expect(decide(p, seen(4n, [], { feeTooLow: true }))).toEqual({
      do: 'sign',
      sequence: 5n,
      maxTime: NOW + 42,
      why: 'fee',
    });
  });

  it('takes its time bound from a record of the last ledgers, without asking for the ledger itself', () => {
    const e = seen(5n, [record(5n, 'x', { ledger: 99, closedAt: NOW - 10 })]);
    const { closedAt: _, ...account } = e.account;
    expect(decide(facts(), { ...e, account })).toMatchObject({ do: 'sign', maxTime: NOW + 110 });
    const old = seen(5n, [record(5n, 'x', { ledger: 90, closedAt: NOW - 55 })]);
    expect(decide(facts(), { ...old, account })).toEqual({ do: 'ask', what: 'close' });
  });
});

describe('A cancellation', () => {
  const p = facts({ attempts: [attempt(5n, 'v1', NOW - 10), attempt(5n, 'v2', NOW - 20)], cancelWanted: true });

  it.each<[string, PayoutFacts, Evidence, string]>([
    ['never signed', facts({ cancelWanted: true }), seen(9n, []), 'cancel'],
    ['expired, covered', p, seen(4n, []), 'cancel'],
    ['expired, not covered', p, seen(6n, [record(6n, 'x')]), 'read_again'],
    ['consumed by another', p, seen(5n, [record(5n, 'x')]), 'cancel'],
    ['consumed by itself', p, seen(5n, [record(5n, 'v1', ours)]), 'note_paid'],
    ['not expired', facts({ ...p, attempts: [attempt(5n, 'v1', NOW)] }), seen(4n, []), 'wait'],
    ['lossy store, expired', facts({ cancelWanted: true, lossyUntil: NOW - 1 }), seen(4n, []), 'cancel'],
    [
      'lossy store, paid',
      facts({ cancelWanted: true, lossyUntil: NOW - 1 }),
      seen(5n, [record(5n, 'l', ours)]),
      'note_paid',
    ],
  ])('%s', (_, payout, evidence, expected) => {
    expect(decide(payout, evidence).do).toBe(expected);
  });

  it('needs no look at the chain only when nothing was signed and nothing can be lost', () => {
    expect(mayCancelUnread(facts())).toBe(true);
    expect(mayCancelUnread(facts({ lossyUntil: NOW }))).toBe(false);
    expect(mayCancelUnread(p)).toBe(false);
  });
});

describe('Covering', () => {
  const account = (sequence: bigint) => ({ sequence, ledger: 101, closedAt: NOW });
  const unknown = facts({});
  delete (unknown as { baseline?: bigint }).baseline;
  const START = 7n * 2n ** 32n;

  it.each<[string, PayoutFacts, bigint, WalletRecord[], boolean, boolean]>([
    ['nothing since the baseline', facts(), 4n, [], false, true],
    ['a run', facts(), 6n, [record(6n, 'b'), record(5n, 'a')], false, true],
    ['a gap', facts(), 6n, [record(6n, 'b')], true, false],
    ['a missing newest', facts(), 6n, [record(5n, 'a')], true, false],
    ['a reading below the baseline', facts(), 3n, [record(3n, 'a')], true, false],
    ['a bump up to the next record', facts(), 10n, [record(10n, 'b'), record(5n, 'a', { bumpedTo: 9n })], false, true],
    ['a bump up to the reading', facts(), 9n, [record(5n, 'a', { bumpedTo: 9n })], false, true],
    ['a bump to elsewhere', facts(), 10n, [record(10n, 'b'), record(5n, 'a', { bumpedTo: 8n })], true, false],
    ['a bump before the baseline', facts(), 9n, [record(4n, 'a', { bumpedTo: 9n })], true, false],
    ['no baseline, back past the margin', unknown, 6n, [record(6n, 'b', { closedAt: NOW - 700 })], false, true],
    ['no baseline, not back far enough', unknown, 6n, [record(6n, 'b', { closedAt: NOW - 650 })], false, false],
    ['no baseline, trimmed history', unknown, 6n, [record(6n, 'b')], true, false],
    ['no baseline, down to the account start', unknown, START + 1n, [record(START + 1n, 'b')], true, true],
    ['no baseline, never used', unknown, START, [], true, true],
    ['no baseline, never used as far as read', unknown, START, [], false, false],
  ])('%s', (_, payout, sequence, records, exhausted, expected) => {
    expect(covers(payout, account(sequence), { records, exhausted }).covered).toBe(expected);
  });
});

describe('A baseline', () => {
  const chain = { passphrase: NETWORK, expected: NETWORK };
  const foreign = [record(5n, 'x'), record(6n, 'y')];
  it.each<[string, bigint | undefined, PayoutFacts, Evidence]>([
    ['is raised over numbers that paid nothing of ours', 6n, facts(), seen(6n, foreign)],
    ['is found where there was none', 6n, facts({ baseline: undefined }), seen(6n, [record(6n, 'y', { closedAt: 1 })])],
    ['is raised over a failed attempt', 5n, facts(), seen(5n, [record(5n, 'v1', { ...ours, successful: false })])],
    ['stays where nothing was used', undefined, facts(), seen(4n, [])],
    ['stays below a gap', undefined, facts(), seen(6n, [record(6n, 'y')])],
    ['stays below a success of ours', undefined, facts(), seen(6n, [record(5n, 'v1', ours), record(6n, 'y')])],
    [
      'stays below a success of ours inside a fee bump',
      undefined,
      facts({ attempts: [attempt(5n, 'v1')] }),
      seen(5n, [record(5n, 'outer', { innerHash: 'v1' })]),
    ],
    ['stays on another network', undefined, facts(), seen(6n, foreign, { chain: { ...chain, passphrase: 'Other' } })],
    [
      'stays on a chain that began anew',
      undefined,
      facts({ attempts: [attempt(5n, 'v1')] }),
      seen(6n, foreign, { chain: { ...chain, anchor: { stored: 'a', found: 'b' } } }),
    ],
  ])('%s', (_, expected, payout, evidence) => {
    expect(provenBaseline(payout, evidence)).toBe(expected);
  });

  it.each<[string, boolean, Partial<PayoutFacts>, WalletRecord]>([
    ['at it', true, {}, record(4n, 'x')],
    ['above it', false, {}, record(5n, 'x', { closedAt: 0 })],
    ["of others, whose numbers are not the wallet's", false, {}, record(1n, 'x', { source: 'GOTHER' })],
    ['long before the payment, without one', true, { baseline: undefined }, record(9n, 'x', { closedAt: NOW - 661 })],
    [
      'shortly before the payment, without one',
      false,
      { baseline: undefined },
      record(9n, 'x', { closedAt: NOW - 659 }),
    ],
  ])('tells what is too old to have paid it: %s', (_, expected, changes, old) => {
    expect(predates(facts(changes), old)).toBe(expected);
  });
});

describe('A gap', () => {
  const p = facts({ attempts: [attempt(5n, 'v1', NOW - 200)] });

  it('goes to a person once it outlives every time bound, and never before it was read again', () => {
    const e = seen(6n, [record(6n, 'x')]);
    expect(decide(p, e).do).toBe('read_again');
    expect(decide(p, { ...e, gapSince: NOW - 120 }).do).toBe('read_again');
    expect(decide(p, { ...e, gapSince: NOW - 121 })).toEqual({ do: 'review', reason: 'gap_unexplained' });
    const live = facts({ attempts: [attempt(5n, 'v1', NOW)] });
    expect(decide(live, { ...e, gapSince: NOW - 999 }).do).toBe('read_again');
  });

  it('that older pages may fill is no gap yet', () => {
    const e = seen(6n, [record(6n, 'x')], { gapSince: NOW - 999 });
    expect(decide(p, { ...e, history: { ...e.history, exhausted: false } }).do).toBe('read_again');
  });
});

describe('The lane', () => {
  it('is free again when every attempt is used up or expired, in one reading', () => {
    const two = [attempt(5n, 'a', NOW), attempt(6n, 'b', NOW - 1)];
    expect(isDead(two, { sequence: 5n, ledger: 1, closedAt: NOW })).toBe(true);
    expect(isDead(two, { sequence: 4n, ledger: 1, closedAt: NOW })).toBe(false);
    expect(isDead(two, { sequence: 4n, ledger: 1, closedAt: NOW + 1 })).toBe(true);
    expect(isDead(two, { sequence: 5n, ledger: 1 })).toBe(false);
    expect(isDead(two, { sequence: 6n, ledger: 1 })).toBe(true);
  });

  it('names every field in which the payment at Pi differs', () => {
    expect(disagreements(facts(), { ...pi, from: 'GX', stroops: 1n }, NETWORK)).toEqual([
      'amount (stroops) is 1 at Pi, but has to be 15000000',
      'from_address is GX at Pi, but has to be GWALLET',
    ]);
  });
});
