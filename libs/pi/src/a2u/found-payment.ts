import type { LedgerSession } from '../ledger/ledger-session.js';
import type { PaymentDto } from '../platform/payment.dto.js';
import type { LaneParts } from './lane-parts.js';
import { differences } from './other-payment.js';
import type { PiView, WalletRecord } from './payout.evidence.js';
import { appMetadataOf, toPiView } from './payout-metadata.js';
import type { PayoutRecord } from './payout-record.js';
import { lockByKey, moveLocked, noteOnce, storeIfNew } from './payout-store.js';
import { reviewTwoIdentifiers } from './two-identifiers.js';

/** A payment of ours at Pi that this ledger does not know of, and what paid it. */
interface FoundPayment {
  readonly view: PiView;
  readonly record: WalletRecord;
}

/** For whoever knows no more than that payment: its key may be unknown here, too. */
export async function markPaid(parts: LaneParts, payment: PaymentDto, record: WalletRecord): Promise<void> {
  const { ledger, app, onMoved } = parts;
  const view = toPiView(payment);
  const asked = {
    idempotencyKey: view.key!,
    uid: view.uid,
    stroops: view.stroops,
    memo: payment.memo,
    metadata: appMetadataOf(payment.metadata),
  };
  await ledger.write(async (session) => {
    await storeIfNew(session, app, view.from, asked, onMoved);
    // A lane may be at work on it: what it does now comes after this, or is known here.
    const payout = (await lockByKey(session, app, asked.idempotencyKey))!;
    await settleByFound(session, parts, payout, { view, record });
  });
}

/**
 * What was paid is not paid again. A payout that is bound to no payment is bound to this one, unless it asks for something else: then its
 * key is used up. One that is bound to another may be paid by that one, too.
 *
 * @param payout of the key of that payment, locked by this transaction
 */
export async function settleByFound(
  session: LedgerSession,
  parts: LaneParts,
  payout: PayoutRecord,
  found: FoundPayment,
): Promise<void> {
  const { logger, passphrase, onMoved } = parts;
  const { view, record } = found;
  const { id, idempotencyKey, identifier, state } = payout;
  if (identifier === view.identifier) return;
  const paid = `${view.identifier} paid by ${record.hash}`;
  const isNews = await noteOnce(session, id, { kind: 'recovered', detail: paid });
  const [difference] = differences(payout, view, passphrase);
  if (identifier === undefined && difference === undefined) return bindPaid(session, parts, payout, found);

  const problem = `its key was used for ${paid}${difference === undefined ? '' : `, which is something else: ${difference}`}`;
  if (isNews)
    logger.error(
      `Payout ${id} (key "${idempotencyKey}") is ${state}, ${identifier === undefined ? 'not at Pi' : `bound to ${identifier}`}, but ${problem}. This database has lost writes, or another one uses the same instance`,
    );
  if (identifier !== undefined) await reviewTwoIdentifiers(session, payout, record.hash, onMoved);
  else if (state === 'requested')
    await moveLocked(session, payout, 'failed', { reason: problem, parked: null }, onMoved);
}

async function bindPaid(session: LedgerSession, parts: LaneParts, payout: PayoutRecord, found: FoundPayment) {
  const { view, record } = found;
  const bound = {
    // It may have been asked of another one.
    wallet: view.from,
    identifier: view.identifier,
    destination: view.to,
    created_at_pi: BigInt(view.createdAt),
    txid: record.hash,
    create_sent: true,
    admitted_at: new Date(record.closedAt * 1_000),
    parked: null,
    reason: null,
  };
  await moveLocked(session, payout, view.completed ? 'completed' : 'paid', bound, parts.onMoved);
  parts.logger.warn(`The key "${payout.idempotencyKey}" was paid by ${record.hash}, unknown to this database`);
}
