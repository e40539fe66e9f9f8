import type { ChainTransaction } from '../chain/chain-transaction.js';
import type { PiLedger } from '../ledger/pi-ledger.js';
import { ChainReader, StaleHorizonError, type WalletReading } from './chain-reader.js';
import type { LaneParts } from './lane-parts.js';
import { type OtherPayment, otherPayment, paidByOther } from './other-payment.js';
import type { PayoutResolution, PayoutState } from './payout.js';
import { PiPayoutResolutionError } from './payout-errors.js';
import type { WalletHistory, WalletRecord } from './payout.evidence.js';
import { type PayoutRecord, recallAttempts, toFacts } from './payout-record.js';
import { announce, findById, noteEvent } from './payout-store.js';
import { covers, isDead, isOurs, successOfOurs } from './payout.rules.js';
import { isReviewReason, type ReviewReason, REVIEW_REASONS } from './review-reasons.js';
import { envelopeReader, toWalletRecord } from './wallet-records.js';

interface Change {
  readonly state: PayoutState;
  readonly txid?: string;
  readonly baseline?: bigint;
  readonly reason?: string;
  /** Of the two payments of its key at Pi it is the other one that paid it. */
  readonly bound?: OtherPayment;
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
      await checkOther(parts, payout, refuse);
      return {
        state: signedOrNot(payout),
        ...(reason === 'gap_unexplained' && (await vouched(parts, payout, refuse))),
      };
    case 'abandon':
      await checkOther(parts, payout, refuse);
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
  const transaction = await parts.horizon.transaction(txid);
  if (!transaction) throw refuse(`Horizon does not know the transaction ${txid}.`);
  const record = await recordOf(parts, transaction);
  const facts = await recallAttempts(parts.ledger, payout, toFacts(payout), { records: [record], exhausted: false });
  if (record.successful && isOurs(facts, record)) return {};
  const bound = payout.reviewCode === 'two_identifiers' ? await otherPayment(parts, payout, record) : undefined;
  if (!bound) throw refuse(`the transaction ${txid} did not pay it: wallet, recipient, amount and memo have to match.`);
  // From here on nobody looks after the one it is bound to now, but to cancel it.
  await checkDead(parts, payout, 'two_identifiers', refuse);
  return { bound };
}

/** When the other payment of its key was paid, neither may this one be paid too, nor the payout pass for unpaid. */
async function checkOther(parts: LaneParts, payout: PayoutRecord, refuse: Refuse): Promise<void> {
  if (payout.reviewCode !== 'two_identifiers') return;
  const txid = await parts.ledger.read((session) => paidByOther(session, payout.id));
  const transaction = txid === undefined ? undefined : await parts.horizon.transaction(txid);
  if (!transaction || !(await otherPayment(parts, payout, await recordOf(parts, transaction)))) return;
  throw refuse(`the chain shows that ${txid} paid its other payment: resolve it as paid, with that hash.`);
}

async function recordOf({ passphrase }: LaneParts, transaction: ChainTransaction): Promise<WalletRecord> {
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
        ...bound,
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
    await announce(session, payout.app, { what: 'asked', wallet: payout.wallet, id: payout.id });
    return (await findById(session, payout.app, payout.id))!;
  });
}
