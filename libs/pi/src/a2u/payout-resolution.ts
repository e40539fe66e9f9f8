import type { PiLedger } from '../ledger/pi-ledger.js';
import { ChainReader, StaleHorizonError, type WalletReading } from './chain-reader.js';
import type { LaneParts } from './lane-parts.js';
import { otherPayment, paidByOther } from './other-payment.js';
import type { PayoutResolution, PayoutState } from './payout.js';
import { PiPayoutResolutionError } from './payout-errors.js';
import type { PiView, WalletHistory, WalletRecord } from './payout.evidence.js';
import { type PayoutRecord, recallAttempts, toFacts } from './payout-record.js';
import { announce, findById, noteEvent } from './payout-store.js';
import { covers, isDead, isOurs, successOfOurs, TIME_BOUND } from './payout.rules.js';
import { isReviewReason, type ReviewReason, REVIEW_REASONS } from './review-reasons.js';
import { envelopeReader, toWalletRecord } from './wallet-records.js';

interface Change {
  readonly state: PayoutState;
  readonly txid?: string;
  readonly baseline?: bigint;
  readonly reason?: string;
  /** Of the two payments of its key at Pi it is the other one that paid it. */
  readonly bound?: PiView;
}

type Refuse = (problem: string) => Error;

/** The clocks of the database and of a chain that is gone may differ by so much, in seconds. */
const CLOCK_MARGIN = 600;

/**
 * Carries out a person's decision. Nothing signs for a payout in review, so its attempts are the same before and after the
 * evidence is read. The lane goes on meanwhile, and may have found it paid: the compare-and-set on state, reason and attempts makes
 * sure that what was decided is still the question.
 *
 * @returns the payout as this decision stored it
 */
export async function resolvePayout(
  parts: LaneParts,
  payout: PayoutRecord,
  resolution: PayoutResolution,
): Promise<PayoutRecord> {
  const { action, by } = resolution;
  const refuse = (problem: string) => new PiPayoutResolutionError(payout.id, action, problem);
  if (typeof by !== 'string' || by.trim() === '') throw refuse('say who decides, in `by`.');
  const reason = payout.reviewCode;
  if (payout.state !== 'needs_review' || reason === undefined || !isReviewReason(reason))
    throw refuse(`it is ${payout.state}, and waits for nobody's decision.`);
  if (!REVIEW_REASONS[reason].actions.includes(action))
    throw refuse(`of a payout in review for ${reason} it may be ${REVIEW_REASONS[reason].actions.join(', ')}.`);
  const change = await changeFor(parts, payout, reason, resolution, refuse);
  const stored = await write(parts.ledger, payout, change, resolution);
  parts.onMoved?.(change.state);
  return stored;
}

async function changeFor(
  parts: LaneParts,
  payout: PayoutRecord,
  reason: ReviewReason,
  resolution: PayoutResolution,
  refuse: Refuse,
): Promise<Change> {
  const untold = reason === 'complete_refused' || reason === 'paid_but_cancelled';
  switch (resolution.action) {
    case 'paid':
      // What Pi will not be told of is settled by the person's word: the chain's is on disk already.
      if (untold && resolution.txid === payout.txid) return { state: 'completed' };
      return {
        state: untold ? 'completed' : 'paid',
        txid: resolution.txid,
        ...(await proveItPaid(parts, payout, resolution.txid, refuse)),
      };
    case 'retry':
      if (untold) return { state: 'paid' };
      await checkOther(parts, payout, 'retry', refuse);
      return {
        state: signedOrNot(payout),
        ...(reason === 'gap_unexplained' && (await vouched(parts, payout, refuse))),
      };
    case 'abandon':
      await checkOther(parts, payout, 'abandon', refuse);
      await checkDead(parts, payout, reason, refuse);
      return { state: 'cancelling', reason: `abandoned by ${resolution.by}` };
    default:
      return resolution satisfies never;
  }
}

/** @returns what it is to be bound to, when the other payment of its key paid it */
async function proveItPaid(
  parts: LaneParts,
  payout: PayoutRecord,
  txid: string,
  refuse: Refuse,
): Promise<Pick<Change, 'bound'>> {
  const record = await recordOf(parts, txid, refuse);
  const facts = await recallAttempts(parts.ledger, payout, toFacts(payout), { records: [record], exhausted: false });
  if (record.successful && isOurs(facts, record)) return {};
  const other = payout.reviewCode === 'two_identifiers' ? await otherPayment(parts, payout, record) : undefined;
  if (!other) throw refuse(`the transaction ${txid} did not pay it: wallet, recipient, amount and memo have to match.`);
  const { view, differences } = other;
  if (differences.length > 0)
    throw refuse(`the transaction ${txid} did not pay it, but ${view.identifier} of the same key: ${differences[0]}.`);
  if (!parts.wallets.has(view.from))
    throw refuse(`it was paid from the wallet ${view.from}, which is not among the option \`wallets\`: add it.`);
  // Nobody signs for the one it is bound to now any more; it is only cancelled.
  await checkDead(parts, payout, 'two_identifiers', refuse);
  return { bound: view };
}

/** When the other payment of its key was paid, neither may this one be paid too, nor the payout pass for unpaid. */
async function checkOther(parts: LaneParts, payout: PayoutRecord, action: 'retry' | 'abandon', refuse: Refuse) {
  if (payout.reviewCode !== 'two_identifiers') return;
  const txid = await parts.ledger.read((session) => paidByOther(session, payout.id));
  if (txid === undefined) return;
  const proven = `the chain has shown that ${txid} paid its other payment`;
  // Whatever is said of that one by now: what the lane has seen cannot be taken back.
  if (action === 'retry') throw refuse(`${proven}: resolve it as paid, with that hash.`);
  const other = await otherPayment(parts, payout, await recordOf(parts, txid, refuse));
  if (!other) throw refuse(`${proven}, which Pi and Horizon do not show now. Try again later.`);
  if (other.differences.length === 0) throw refuse(`${proven}: resolve it as paid, with that hash.`);
}

async function recordOf({ horizon, passphrase }: LaneParts, txid: string, refuse: Refuse): Promise<WalletRecord> {
  const transaction = await horizon.transaction(txid);
  if (!transaction) throw refuse(`Horizon does not know the transaction ${txid}.`);
  return toWalletRecord(transaction, await envelopeReader(passphrase));
}

/** The person says that nothing in the gap paid it. What lies above and below is read from the history. */
async function vouched(parts: LaneParts, payout: PayoutRecord, refuse: Refuse): Promise<{ baseline?: bigint }> {
  const chain = await openReader(parts);
  const reading = await chain.account();
  const coverage = covers(toFacts(payout), reading, await unpaid(parts, chain, payout, reading, refuse));
  return coverage.covered ? {} : { baseline: coverage.missing };
}

/** Since the payout was begun, past every gap: no success of it. */
async function unpaid(
  { ledger }: LaneParts,
  chain: ChainReader,
  payout: PayoutRecord,
  reading: WalletReading,
  refuse: Refuse,
): Promise<WalletHistory> {
  const facts = toFacts(payout);
  const history = await chain.wholeHistory(facts, reading).catch((error: unknown) => {
    throw error instanceof StaleHorizonError ? refuse(`${error.message}. Try again later.`) : error;
  });
  const paid = successOfOurs(await recallAttempts(ledger, payout, facts, history), history);
  if (paid) throw refuse(`the chain shows that ${paid.hash} paid it: resolve it as paid, with that hash.`);
  return history;
}

async function checkDead(parts: LaneParts, payout: PayoutRecord, reason: ReviewReason, refuse: Refuse): Promise<void> {
  if (reason === 'chain_identity_lost') {
    // That chain cannot be asked any more: only time is left.
    const now = await databaseTime(parts.ledger);
    const alive = payout.attempts.some(({ maxTime }) => maxTime + CLOCK_MARGIN > now);
    if (alive)
      throw refuse('an attempt may still apply on the chain it was signed for: wait until its time bound is past.');
    return;
  }
  const chain = await openReader(parts);
  const reading = await chain.withClose(await chain.account());
  await unpaid(parts, chain, payout, reading, refuse);
  if (!isDead(payout.attempts, reading)) throw refuse('an attempt may still apply: wait until its time bound is past.');
  const { commitsMissingBefore: missing } = parts;
  const lostUntil = missing && missing.getTime() / 1_000 + TIME_BOUND + CLOCK_MARGIN;
  if (lostUntil !== undefined && !(reading.closedAt !== undefined && reading.closedAt > lostUntil))
    throw refuse(
      `an attempt that was lost when the database crashed may still apply: wait until ${new Date(lostUntil * 1_000).toISOString()}.`,
    );
}

/** Of the instance a person happens to ask, nobody knows how right its clock is. In seconds. */
async function databaseTime(ledger: PiLedger<unknown>): Promise<number> {
  const { rows } = await ledger.read(({ query }) =>
    query<{ now: string }>('select extract(epoch from clock_timestamp())::bigint::text as now'),
  );
  return Number(rows[0]!.now);
}

function openReader({ horizon, wallet, passphrase, rules, settings }: LaneParts): Promise<ChainReader> {
  return ChainReader.open({ horizon, wallet: wallet.address, passphrase, rules, patienceMs: settings.patienceMs });
}

function signedOrNot(payout: PayoutRecord): PayoutState {
  return payout.attempts.length > 0 ? 'submitted' : 'created';
}

async function write(
  ledger: PiLedger<unknown>,
  payout: PayoutRecord,
  { state, txid, baseline, reason, bound }: Change,
  { action, by }: PayoutResolution,
): Promise<PayoutRecord> {
  return ledger.write(async (session) => {
    const changed = await session.db
      .updateTable('payouts')
      .set({
        state,
        review: null,
        parked: null,
        updated_at: session.sql<Date>`clock_timestamp()`,
        ...(txid !== undefined && { txid }),
        ...(baseline !== undefined && { baseline }),
        ...(reason !== undefined && { reason }),
        ...(bound && {
          identifier: bound.identifier,
          wallet: bound.from,
          destination: bound.to,
          created_at_pi: BigInt(bound.createdAt),
        }),
      })
      .where('id', '=', payout.id)
      .where('state', '=', 'needs_review')
      .where('review', '=', payout.reviewCode!)
      .where('attempts', '=', payout.signed)
      .returning('id')
      .executeTakeFirst();
    if (!changed) throw new PiPayoutResolutionError(payout.id, action, 'it changed in this moment: look at it again.');
    await noteEvent(session, payout.id, {
      kind: 'resolution',
      detail: `${action} → ${state}${txid ? ` ${txid}` : ''}`,
      by,
    });
    if (bound) await noteEvent(session, payout.id, { kind: 'bound', detail: bound.identifier });
    await announce(session, payout.app, { what: 'asked', wallet: payout.wallet, id: payout.id });
    return (await findById(session, payout.app, payout.id))!;
  });
}
