/**
 * When a payout may be signed, cancelled or called paid: pure functions over evidence, to be held against `payouts.md`
 * line by line. Gathering the evidence and acting on a decision are elsewhere; nothing here asks, writes or waits.
 *
 * Two ideas carry it. A chain ledger applies at most one transaction for one sequence number, so all variants of a payout
 * at one S exclude each other. And a payment at S' can be a second one only if the first used a number below S': so
 * everything below is looked at first (`covers`). No clock of ours and no 404 takes part.
 */
import type {
  AccountReading,
  Attempt,
  Evidence,
  PayoutFacts,
  PiView,
  WalletHistory,
  WalletRecord,
} from './payout.evidence.js';
import type { PayoutDecision, SigningReason } from './payout.decision.js';
import { ALL_RULES, type RuleSwitches } from './rule-switches.js';

/** T lies so far after the close of the ledger the attempt was signed on, in seconds of chain time. */
export const TIME_BOUND = 120;
/** A close time this many ledgers old still gives a time bound of 60 to 120 s. */
const RECENT_LEDGERS = 6;
/** How far before the payment's creation at Pi the history is read when no baseline is known, in seconds. */
const CREATION_MARGIN = 600;
/** An account starts at its creation's ledger × 2^32. */
const ACCOUNT_START = 2n ** 32n;

/** What to do with a payout whose payment exists at Pi, and that is not paid, cancelling or terminal. Rules 1 to 3 and 7. */
export function decide(p: PayoutFacts, e: Evidence, rules: RuleSwitches = ALL_RULES): PayoutDecision {
  if (rules.chainIdentity && !sameChain(e)) return { do: 'review', reason: 'chain_identity_lost' };
  const paid = successOfOurs(p, e.history, rules);
  if (paid) return { do: 'note_paid', txid: paid.hash };
  if (e.pi?.completed) return { do: 'note_completed', ...(e.pi.txid !== undefined && { txid: e.pi.txid }) };
  return p.attempts.length === 0 ? decideUnsigned(p, e, rules) : decideSigned(p, e, rules);
}

/** Rule 1, and (a) of rule 3. */
function decideUnsigned(p: PayoutFacts, e: Evidence, rules: RuleSwitches): PayoutDecision {
  const coverage = covers(p, e.account, e.history, rules);
  if (p.cancelWanted || e.pi?.cancelled) {
    if (mayCancelUnread(p, rules)) return { do: 'cancel', proof: 'never_signed' };
    if (e.account.closedAt === undefined) return { do: 'ask', what: 'close' };
    if (e.account.closedAt <= p.lossyUntil!) return wait('until an attempt this store may have lost has expired');
    return coverage.covered ? { do: 'cancel', proof: 'expired' } : gap(p, e, coverage);
  }
  if (!coverage.covered) return gap(p, e, coverage);
  if (!e.pi) return { do: 'ask', what: 'pi' };
  return sign(p, e, e.account.sequence + 1n, 'first');
}

/** Rule 2, (b) and (c) of rule 3. */
function decideSigned(p: PayoutFacts, e: Evidence, rules: RuleSwitches): PayoutDecision {
  const { sequence: read, closedAt } = e.account;
  const pinned = highestSequence(p.attempts);
  const cancel = p.cancelWanted || e.pi?.cancelled === true;

  if (read >= pinned) {
    const coverage = covers(p, e.account, e.history, rules);
    if (!coverage.covered) return gap(p, e, coverage);
    if (cancel) return { do: 'cancel', proof: 'consumed' };
    return sign(p, e, read + 1n, 'raised');
  }

  if (closedAt === undefined) return { do: 'ask', what: 'close' };
  if (!expired(p.attempts, closedAt, rules)) {
    if (cancel) return wait('until its last time bound has passed');
    return e.feeTooLow ? sign(p, e, pinned, 'fee') : { do: 'post' };
  }
  if (cancel) {
    const coverage = covers(p, e.account, e.history, rules);
    return coverage.covered ? { do: 'cancel', proof: 'expired' } : gap(p, e, coverage);
  }
  if (read !== pinned - 1n) return { do: 'read_again', why: 'the account reading is older than the attempt' };
  return sign(p, e, pinned, 'renewed');
}

/** The last gate before every signature: Pi's payment is not cancelled and is what we asked for, and T is known. */
function sign(p: PayoutFacts, e: Evidence, sequence: bigint, why: SigningReason): PayoutDecision {
  if (!e.pi) return { do: 'ask', what: 'pi' };
  const problems = disagreements(p, e.pi, e.chain.expected);
  if (problems.length > 0) {
    const elsewhere = disagreements({ ...p, wallet: e.pi.from }, e.pi, e.chain.expected).length === 0;
    return why === 'first' && elsewhere ? { do: 'hand_over', wallet: e.pi.from } : { do: 'refuse', problems };
  }
  // A higher fee is a variant of the same attempt: T is renewed only once it has passed.
  if (why === 'fee') return { do: 'sign', sequence, maxTime: Math.max(...p.attempts.map((a) => a.maxTime)), why };
  const close = recentClose(e);
  return close === undefined
    ? { do: 'ask', what: 'close' }
    : { do: 'sign', sequence, maxTime: close + TIME_BOUND, why };
}

// ── the chain identity ──────────────────────────────────────────────────────────────────

/** Right network, and the ledger stored with the newest attempt is still there, unchanged. */
export function sameChain({ chain }: Pick<Evidence, 'chain'>): boolean {
  return (
    chain.passphrase === chain.expected && (chain.anchor === undefined || chain.anchor.found === chain.anchor.stored)
  );
}

// ── covering ────────────────────────────────────────────────────────────────────────────

export type Coverage =
  | { readonly covered: true }
  /** Nothing is known of sequence number `missing`; `short`: older pages may hold it. */
  | { readonly covered: false; readonly missing: bigint; readonly short: boolean };

/**
 * Q covers R: the sequence numbers in the history run without a gap up to seq(R), from the baseline, or without one from
 * well before the payment existed at Pi. Gap-freeness is also the proof that the listing is fresh enough for R.
 */
export function covers(
  p: PayoutFacts,
  account: AccountReading,
  history: WalletHistory,
  rules: RuleSwitches = ALL_RULES,
): Coverage {
  if (!rules.covering) return { covered: true };
  const own = new Map(consumedBy(p.wallet, history, rules).map((record) => [record.sequence, record]));
  if (p.baseline !== undefined) return coversFrom(p.baseline, account, own, history);
  return coversSince(creationOf(p), account, own, history);
}

/**
 * The baseline to go on from: seq(R), when Q covers R and holds no success of ours. Every number up to it is then used, by
 * something that did not pay, and no number is used twice: so nothing of ours, signed or found at any later time, can have paid
 * at or below it. That is all a first baseline says, too. Of what lies above it says nothing, and where there is a gap, a
 * success or another chain it stays as it is. Without it the same past would have to be read again for ever, under a listing
 * that others make longer and longer.
 */
export function provenBaseline(p: PayoutFacts, e: Evidence, rules: RuleSwitches = ALL_RULES): bigint | undefined {
  if (p.baseline !== undefined && e.account.sequence <= p.baseline) return undefined;
  if (!sameChain(e) || successOfOurs(p, e.history, rules)) return undefined;
  return covers(p, e.account, e.history, rules).covered ? e.account.sequence : undefined;
}

/** Too old to have paid it: at or below the baseline; without one, from well before the payment existed at Pi. */
export function predates(p: PayoutFacts, record: Pick<WalletRecord, 'source' | 'sequence' | 'closedAt'>): boolean {
  if (p.baseline === undefined) return record.closedAt < creationOf(p);
  return record.source === p.wallet && record.sequence <= p.baseline;
}

function creationOf(p: PayoutFacts): number {
  return (p.createdAtPi ?? 0) - CREATION_MARGIN;
}

/** Nothing consumed since the baseline: an empty history covers. */
function coversFrom(
  baseline: bigint,
  account: AccountReading,
  own: RecordsBySequence,
  history: WalletHistory,
): Coverage {
  let next = account.sequence;
  for (const record of unbroken(next, own)) {
    if (record.sequence <= baseline) break;
    next = record.sequence - 1n;
  }
  // A reading below the baseline is of an older ledger, or of another chain.
  return next === baseline ? { covered: true } : missing(next, own, history);
}

/** Down to a record from before that time, or to the wallet's very first sequence number. */
function coversSince(time: number, account: AccountReading, own: RecordsBySequence, history: WalletHistory): Coverage {
  let next = account.sequence;
  for (const record of unbroken(next, own)) {
    if (record.closedAt < time) return { covered: true };
    next = record.sequence - 1n;
  }
  if (history.exhausted && next % ACCOUNT_START === 0n) return { covered: true };
  return missing(next, own, history);
}

/** Older pages may still hold it, unless what is below it is known already. */
function missing(next: bigint, own: RecordsBySequence, { exhausted }: WalletHistory): Coverage {
  const short = !exhausted && ![...own.keys()].some((sequence) => sequence < next);
  return { covered: false, missing: next, short };
}

/** From `sequence` down, for as long as each number is accounted for. */
function* unbroken(sequence: bigint, own: RecordsBySequence): Generator<WalletRecord> {
  for (let next = sequence; ;) {
    const record = own.get(next) ?? bumpTo(next, own);
    if (!record) return;
    yield record;
    next = record.sequence - 1n;
  }
}

/** A gap is explained from the envelope below it: a `bump_sequence` to exactly where it ends. */
function bumpTo(sequence: bigint, own: RecordsBySequence): WalletRecord | undefined {
  let below: WalletRecord | undefined;
  for (const record of own.values()) {
    if (record.sequence < sequence && (!below || record.sequence > below.sequence)) below = record;
  }
  return below?.bumpedTo === sequence ? below : undefined;
}

type RecordsBySequence = ReadonlyMap<bigint, WalletRecord>;

/** Never sign over a gap: read again, and when it stays beyond every time bound, ask a person. */
function gap(p: PayoutFacts, e: Evidence, coverage: Coverage & { covered: false }): PayoutDecision {
  const again = { do: 'read_again', why: `nothing is known of sequence number ${coverage.missing}` } as const;
  if (coverage.short) return again;
  // Chain time is what a gap ages by.
  if (e.account.closedAt === undefined) return { do: 'ask', what: 'close' };
  if (e.gapSince === undefined) return again;
  const patience = Math.max(e.gapSince + TIME_BOUND, ...p.attempts.map((attempt) => attempt.maxTime));
  return e.account.closedAt > patience ? { do: 'review', reason: 'gap_unexplained' } : again;
}

/** Only transactions that consumed a sequence number of this wallet: a listing holds others' too. */
function consumedBy(wallet: string, { records }: WalletHistory, rules: RuleSwitches): readonly WalletRecord[] {
  return rules.walletOnly ? records.filter((record) => record.source === wallet) : records;
}

// ── ours, paid, dead ────────────────────────────────────────────────────────────────────

/** Rule 6: the transaction that paid this payout, whatever hash it goes by. */
export function successOfOurs(
  p: PayoutFacts,
  history: WalletHistory,
  rules: RuleSwitches = ALL_RULES,
): WalletRecord | undefined {
  return history.records.find((record) => record.successful && isOurs(p, record, rules));
}

/** Ours by memo and operation, or by a hash on disk: the outer one, or the one inside somebody's fee bump. */
export function isOurs(p: PayoutFacts, record: WalletRecord, rules: RuleSwitches = ALL_RULES): boolean {
  const memo = p.identifier !== undefined && record.memo === p.identifier;
  // Anyone can send dust to the wallet with our memo.
  if (!rules.operationMatch && memo) return true;
  if (rules.walletOnly && record.source !== p.wallet) return false;
  if (rules.ownByMemo && memo && isOurPayment(p, record)) return true;
  return p.attempts.some(({ hash }) => hash === record.hash || (rules.ownByInnerHash && hash === record.innerHash));
}

function isOurPayment(p: PayoutFacts, { payment }: WalletRecord): boolean {
  return payment?.source === p.wallet && payment.destination === p.destination && payment.stroops === p.stroops;
}

/** Rule 5: no attempt can apply any more. Sequence and close time are of one reading. */
export function isDead(attempts: readonly Attempt[], { sequence, closedAt }: AccountReading): boolean {
  return attempts.every((a) => sequence >= a.sequence || (closedAt !== undefined && closedAt > a.maxTime));
}

/** The S of a payout: it never decreases. */
export function highestSequence(attempts: readonly Attempt[]): bigint {
  return attempts.reduce((highest, { sequence }) => (sequence > highest ? sequence : highest), 0n);
}

function expired(attempts: readonly Attempt[], closedAt: number, rules: RuleSwitches): boolean {
  const judged = rules.everyMaxTime ? attempts : attempts.slice(-1);
  return judged.every(({ maxTime }) => closedAt > maxTime);
}

/** Close time of N, or of a ledger so shortly before it that a bound counted from there is still 60 s away or more. */
function recentClose({ account, history }: Evidence): number | undefined {
  if (account.closedAt !== undefined) return account.closedAt;
  const recent = history.records.filter(
    ({ ledger }) => ledger <= account.ledger && ledger >= account.ledger - RECENT_LEDGERS,
  );
  return recent.length === 0 ? undefined : Math.max(...recent.map(({ closedAt }) => closedAt));
}

// ── Pi's payment ────────────────────────────────────────────────────────────────────────

/** (a) of rule 3: nothing was ever signed, and this store would know. */
export function mayCancelUnread(p: PayoutFacts, rules: RuleSwitches = ALL_RULES): boolean {
  return !rules.cancelProof || (p.attempts.length === 0 && p.lossyUntil === undefined);
}

/** Where Pi's payment is not the one we asked for. Rule 1. */
export function disagreements(p: PayoutFacts, pi: PiView, network: string): string[] {
  const compared: [string, unknown, unknown][] = [
    ['identifier', pi.identifier, p.identifier],
    ['uid', pi.uid, p.uid],
    ['amount (stroops)', pi.stroops, p.stroops],
    ['from_address', pi.from, p.wallet],
    ['to_address', pi.to, p.destination],
    ['direction', pi.direction, 'app_to_user'],
    ['network', pi.network, network],
  ];
  return compared
    .filter(([, found, expected]) => found !== expected)
    .map(([field, found, expected]) => `${field} is ${String(found)} at Pi, but has to be ${String(expected)}`);
}

/** What a payment found at Pi is to us. Rule 8. */
export type Ownership = 'foreign' | 'unknown_key' | 'adopt' | 'bound' | 'orphan';

/**
 * @param row the payout of that key: `open` while it may still be bound to an identifier
 */
export function ownership(
  pi: PiView,
  instance: string,
  row: { readonly identifier?: string; readonly open: boolean } | undefined,
  rules: RuleSwitches = ALL_RULES,
): Ownership {
  if (pi.key === undefined || (rules.ownKeyOnly && pi.instance !== instance)) return 'foreign';
  if (!row) return 'unknown_key';
  if (row.identifier === pi.identifier) return 'bound';
  if (row.identifier === undefined && row.open) return 'adopt';
  // Another identifier is bound on disk, or never can be: nobody signs for this one.
  return rules.orphans ? 'orphan' : 'foreign';
}

function wait(why: string): PayoutDecision {
  return { do: 'wait', why };
}
