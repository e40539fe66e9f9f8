import type { ChainTransaction } from '../chain/chain-transaction.js';
import { PiApiError } from '../errors/pi-api-error.js';
import type { LedgerSession } from '../ledger/ledger-session.js';
import type { PaymentDto } from '../platform/payment.dto.js';
import type { LaneParts } from './lane-parts.js';
import { appMetadataOf, toPiView } from './payout-metadata.js';
import { announce, findByKey, noteEvent, storePayout } from './payout-store.js';
import { disagreements } from './payout.rules.js';
import { envelopeReader, toWalletRecord } from './wallet-records.js';

/** Clocks of the database and of the chain may differ by so much, in milliseconds. */
const MARGIN_MS = 600_000;
const PAGE = 200;
const MAX_PAGES = 500;

/**
 * Rule 8, after a restore: payments that left the wallet since the backup, and that this ledger does not know, are looked up at
 * Pi by their memo; the payouts of their keys are marked paid, so that nobody pays them again.
 *
 * @returns how many were found
 */
export async function recoverWallet(parts: LaneParts): Promise<number> {
  const { ledger, wallet, app } = parts;
  const since = await ledger.read((session) => newestChange(session, app, wallet.address));
  const read = await envelopeReader(parts.passphrase);
  let found = 0;
  for await (const transaction of outgoing(parts, since)) {
    const record = toWalletRecord(transaction, read);
    if (record.source !== wallet.address || record.memo === undefined || !record.payment) continue;
    const { memo } = record;
    if (await ledger.read((session) => isKnown(session, memo))) continue;
    const payment = await paymentAt(parts, memo);
    const view = payment && toPiView(payment);
    if (!view || view.key === undefined || view.instance !== parts.instance) continue;
    const expected = {
      ...record.payment,
      key: view.key,
      wallet: wallet.address,
      uid: view.uid,
      identifier: memo,
      attempts: [],
      cancelWanted: false,
    };
    if (disagreements(expected, view, parts.passphrase).length > 0) continue;
    await markPaid(parts, payment, record.hash);
    found++;
  }
  return found;
}

/** The newest row is the newest thing the backup knew. An empty table knew nothing: everything is looked at. */
async function newestChange({ db }: LedgerSession, app: string, wallet: string): Promise<Date | undefined> {
  const row = await db
    .selectFrom('payouts')
    .select('updated_at')
    .where('app', '=', app)
    .where('wallet', '=', wallet)
    .orderBy('position', 'desc')
    .executeTakeFirst();
  return row && new Date(new Date(row.updated_at).getTime() - MARGIN_MS);
}

async function* outgoing({ horizon, wallet }: LaneParts, since: Date | undefined): AsyncGenerator<ChainTransaction> {
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { records, next } = await horizon.transactions(wallet.address, {
      order: 'desc',
      limit: PAGE,
      ...(cursor !== undefined && { cursor }),
    });
    for (const record of records) {
      if (since && record.createdAt < since) return;
      yield record;
    }
    if (next === undefined) return;
    cursor = next;
  }
}

async function isKnown({ db }: LedgerSession, identifier: string): Promise<boolean> {
  const row = await db.selectFrom('payouts').select('id').where('identifier', '=', identifier).executeTakeFirst();
  return row !== undefined;
}

/** Undefined: the memo is not of a payment of this app. */
async function paymentAt({ platform }: LaneParts, identifier: string): Promise<PaymentDto | undefined> {
  if (!/^[\w-]{1,64}$/.test(identifier)) return undefined;
  try {
    return await platform.getPayment(identifier);
  } catch (error) {
    if (error instanceof PiApiError && error.platformStatus === 404) return undefined;
    throw error;
  }
}

async function markPaid(parts: LaneParts, payment: PaymentDto, txid: string): Promise<void> {
  const { ledger, app, wallet, logger } = parts;
  const view = toPiView(payment);
  await ledger.write(async (session) => {
    const known = await findByKey(session, app, view.key!);
    const row =
      known ??
      (await storePayout(session, app, wallet.address, {
        idempotencyKey: view.key!,
        uid: view.uid,
        stroops: view.stroops,
        memo: payment.memo,
        metadata: appMetadataOf(payment.metadata),
      }));
    if (row.identifier !== undefined) {
      logger.error(
        `Payout ${row.id} (key "${row.idempotencyKey}") is bound to ${row.identifier}, but ${view.identifier} of the same key was paid by ${txid}`,
      );
      if (row.state === 'paid' || row.state === 'completed') return;
    }
    const twice = row.identifier !== undefined;
    await session.db
      .updateTable('payouts')
      .set({
        ...(twice
          ? { state: 'needs_review', review: 'two_identifiers' }
          : {
              state: view.completed ? 'completed' : 'paid',
              identifier: view.identifier,
              destination: view.to,
              created_at_pi: BigInt(view.createdAt),
              txid,
              create_sent: true,
            }),
        updated_at: session.sql<Date>`clock_timestamp()`,
      })
      .where('id', '=', row.id)
      .where('state', '=', row.state)
      .execute();
    await noteEvent(session, row.id, { kind: 'recovered', detail: `${view.identifier} paid by ${txid}` });
    await announce(session, app, { what: 'asked', wallet: wallet.address, id: row.id });
    logger.warn(`The key "${view.key}" was paid before the restore, by ${txid}`);
  });
}
