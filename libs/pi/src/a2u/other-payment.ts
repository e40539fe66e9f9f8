import type { LedgerSession } from '../ledger/ledger-session.js';
import type { LaneParts } from './lane-parts.js';
import { paymentAt } from './payment-at.js';
import { toPiView } from './payout-metadata.js';
import { type PayoutRecord, toFacts } from './payout-record.js';
import type { PiView, WalletRecord } from './payout.evidence.js';
import { disagreements, isOurs } from './payout.rules.js';

const HASH = /^[0-9a-f]{64}$/;

/** A second payment of the key of a payout, at Pi. */
export interface OtherPayment {
  readonly view: PiView;
  /** Between what the payout asks for and what that payment is. */
  readonly differences: readonly string[];
}

/**
 * The payment of the same key that this transaction paid. From whichever wallet: the payout may have been asked of another one then.
 *
 * @returns undefined when Pi or the chain does not say so. That Pi does not know the payment proves nothing.
 */
export async function otherPayment(
  parts: LaneParts,
  payout: PayoutRecord,
  record: WalletRecord,
): Promise<OtherPayment | undefined> {
  if (record.memo === undefined || !record.successful) return undefined;
  const payment = await paymentAt(parts.platform, record.memo);
  const view = payment && toPiView(payment);
  if (!view || view.key !== payout.idempotencyKey || view.instance !== parts.instance) return undefined;
  const { from: wallet, identifier, to: destination, stroops } = view;
  const facts = { ...toFacts(payout), wallet, identifier, destination, attempts: [] };
  if (!isOurs({ ...facts, stroops }, record)) return undefined;
  return { view, differences: disagreements(facts, view, parts.passphrase) };
}

/** The transaction that put the payout in review: it paid the other payment. */
export async function paidByOther({ db }: LedgerSession, payoutId: string): Promise<string | undefined> {
  const event = await db
    .selectFrom('payout_events')
    .select('detail')
    .where('payout_id', '=', payoutId)
    .where('kind', '=', 'review')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return event?.detail && HASH.test(event.detail) ? event.detail : undefined;
}
