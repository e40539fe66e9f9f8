import type { PiLedger } from '../ledger/pi-ledger.js';
import { StaleHorizonError } from './chain-reader.js';
import type { LaneParts } from './lane-parts.js';
import { otherPayment } from './other-payment.js';
import type { PayoutResolution, PayoutState } from './payout.js';
import { PiPayoutResolutionError } from './payout-errors.js';
import type { PiView, WalletRecord } from './payout.evidence.js';
import { type PayoutRecord, recallAttempts, toFacts } from './payout-record.js';
import { announce, findById, HANDED_OVER, noteEvent } from './payout-store.js';
import { isOurs } from './payout.rules.js';
import { checkDead, type Refuse, vouched } from './resolution-proof.js';
import { isReviewReason, type ReviewReason, REVIEW_REASONS } from './review-reasons.js';
import { paidByOthers } from './two-identifiers.js';
import { envelopeReader, toWalletRecord } from './wallet-records.js';

interface Change {
  readonly state: PayoutState;
  readonly txid?: string;
  readonly baseline?: bigint;
  /** Of one that is given up. */
  readonly reason?: string;
  /** Of the two payments of its key at Pi it is the other one that paid it. */
  readonly bound?: PiView;
}

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
  const change = await changeFor(parts, payout, reason, resolution, refuse).catch((error: unknown) => {
    throw error instanceof StaleHorizonError ? refuse(`${error.message}. Try again later.`) : error;
  });
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
        ...(await proveItPaid(parts, payout, resolution.txid, refuse)),
      };
    case 'retry':
      if (untold) return { state: 'paid' };
      return {
        state: signedOrNot(payout),
        ...(reason === 'gap_unexplained' && (await vouched(parts, payout, refuse))),
      };
    case 'abandon':
      await checkOthers(parts, payout, refuse);
      await checkDead(parts, payout, reason, refuse);
      return { state: 'cancelling', reason: `abandoned by ${resolution.by}` };
    default:
      return resolution satisfies never;
  }
}

/** @returns with what it is to be bound to, when the other payment of its key paid it. The hash is as the chain writes it */
async function proveItPaid(
  parts: LaneParts,
  payout: PayoutRecord,
  txid: string,
  refuse: Refuse,
): Promise<Pick<Change, 'txid' | 'bound'>> {
  const record = await recordOf(parts, txid, refuse);
  const facts = await recallAttempts(parts.ledger, payout, toFacts(payout), { records: [record], exhausted: false });
  if (record.successful && isOurs(facts, record)) return { txid: record.hash };
  const other = payout.reviewCode === 'two_identifiers' ? await otherPayment(parts, payout, record) : undefined;
  if (!other) throw refuse(`the transaction ${txid} did not pay it: wallet, recipient, amount and memo have to match.`);
  const { view, differences } = other;
  if (differences.length > 0)
    throw refuse(`the transaction ${txid} did not pay it, but ${view.identifier} of the same key: ${differences[0]}.`);
  if (!parts.wallets.has(view.from))
    throw refuse(`it was paid from the wallet ${view.from}, which is not among the option \`wallets\`: add it.`);
  // Nobody signs for the one it is bound to now any more; it is only cancelled.
  await checkDead(parts, payout, 'two_identifiers', refuse);
  return { txid: record.hash, bound: view };
}

/** When another payment of its key was what it asks for, and paid, it may not pass for unpaid. */
async function checkOthers(parts: LaneParts, payout: PayoutRecord, refuse: Refuse): Promise<void> {
  if (payout.reviewCode !== 'two_identifiers') return;
  for (const txid of await parts.ledger.read((session) => paidByOthers(session, payout.id))) {
    const proven = `the chain has shown that ${txid} paid its other payment`;
    // Whatever is said of that one by now: what was seen cannot be taken back.
    const other = await otherPayment(parts, payout, await recordOf(parts, txid, refuse));
    if (!other) throw refuse(`${proven}, which Pi and Horizon do not show now. Try again later.`);
    if (other.differences.length === 0) throw refuse(`${proven}: resolve it as paid, with that hash.`);
  }
}

async function recordOf({ horizon, passphrase }: LaneParts, txid: string, refuse: Refuse): Promise<WalletRecord> {
  const transaction = await horizon.transaction(txid);
  if (!transaction) throw refuse(`Horizon does not know the transaction ${txid}.`);
  return toWalletRecord(transaction, await envelopeReader(passphrase));
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
  const { wallet } = payout;
  return ledger.write(async (session) => {
    const changed = await session.db
      .updateTable('payouts')
      .set({
        state,
        reason: reason ?? null,
        review: null,
        parked: null,
        updated_at: session.sql<Date>`clock_timestamp()`,
        ...(txid !== undefined && { txid }),
        ...(baseline !== undefined && { baseline }),
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
    if (bound && bound.from !== wallet) await noteEvent(session, payout.id, { kind: HANDED_OVER, detail: wallet });
    await announce(session, payout.app, { what: 'asked', wallet: bound?.from ?? wallet, id: payout.id });
    return (await findById(session, payout.app, payout.id))!;
  });
}
