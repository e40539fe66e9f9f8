import type { LedgerSession } from '../ledger/ledger-session.js';
import type { LaneParts } from './lane-parts.js';
import type { PayoutRecord } from './payout-record.js';
import { moveLocked, noteOnce } from './payout-store.js';

const HASH = /^[0-9a-f]{64}$/;

/**
 * The key of a payout was paid, but by another payment than the one it is bound to. Where nothing says that this one is paid, a person
 * has to look, whatever it waits for now and whichever wallet it is at. Once over one and the same transaction: whoever abandoned it
 * then has decided.
 *
 * @param payout locked by this transaction
 */
export async function reviewTwoIdentifiers(
  session: LedgerSession,
  payout: PayoutRecord,
  txid: string,
  onMoved: LaneParts['onMoved'],
): Promise<void> {
  if (payout.identifier === undefined || payout.txid !== undefined) return;
  if (!(await noteOnce(session, payout.id, { kind: 'review', detail: txid }))) return;
  await moveLocked(session, payout, 'needs_review', { review: 'two_identifiers', reason: null }, onMoved);
}

/** The transactions that put the payout in review: each paid another payment of its key. */
export async function paidByOthers({ db }: LedgerSession, payoutId: string): Promise<string[]> {
  const events = await db
    .selectFrom('payout_events')
    .select('detail')
    .where('payout_id', '=', payoutId)
    .where('kind', '=', 'review')
    .orderBy('id')
    .execute();
  return events.flatMap(({ detail }) => (detail !== null && HASH.test(detail) ? [detail] : []));
}
