import type { LedgerSession } from '../ledger/ledger-session.js';
import type { LaneParts } from './lane-parts.js';
import { paymentAt } from './payment-at.js';
import { toPiView } from './payout-metadata.js';
import { type PayoutRecord, toFacts } from './payout-record.js';
import type { WalletRecord } from './payout.evidence.js';
import { disagreements, isOurs } from './payout.rules.js';

const HASH = /^[0-9a-f]{64}$/;

/** What a payout is bound to when the second payment of its key at Pi paid it. */
export interface OtherPayment {
  readonly identifier: string;
  readonly destination: string;
  readonly created_at_pi: bigint;
}

/** The payment of the same key at Pi that this transaction paid, if it is for the same Pioneer and amount. */
export async function otherPayment(
  parts: LaneParts,
  payout: PayoutRecord,
  record: WalletRecord,
): Promise<OtherPayment | undefined> {
  if (record.memo === undefined || !record.successful) return undefined;
  const payment = await paymentAt(parts.platform, record.memo);
  const view = payment && toPiView(payment);
  if (!view || view.key !== payout.idempotencyKey || view.instance !== parts.instance) return undefined;
  const facts = { ...toFacts(payout), identifier: view.identifier, destination: view.to, attempts: [] };
  if (disagreements(facts, view, parts.passphrase).length > 0 || !isOurs(facts, record)) return undefined;
  return { identifier: view.identifier, destination: view.to, created_at_pi: BigInt(view.createdAt) };
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
