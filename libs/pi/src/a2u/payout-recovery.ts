import type { ChainTransaction } from '../chain/chain-transaction.js';
import type { PiCallOptions } from '../http/call-options.js';
import type { LedgerSession } from '../ledger/ledger-session.js';
import { markPaid } from './found-payment.js';
import type { LaneParts } from './lane-parts.js';
import { paymentAt } from './payment-at.js';
import { toPiView } from './payout-metadata.js';
import { disagreements } from './payout.rules.js';
import { envelopeReader, toWalletRecord } from './wallet-records.js';

/** Clocks of the database and of the chain may differ by so much, in milliseconds. */
const MARGIN_MS = 600_000;
/** How far back a crashed ledger without any row is looked into, in milliseconds. */
const EMPTY_MS = 86_400_000;
const PAGE = 200;
const MAX_PAGES = 500;

/**
 * Rule 8, after a restore: payments that left the wallet since the backup, and that this ledger does not know, are looked up at
 * Pi by their memo; the payouts of their keys are marked paid, so that nobody pays them again.
 *
 * @param missingBefore nothing committed from then on is missing: only rows older than that say how far the backup went
 * @returns how many were found
 */
export async function recoverWallet(parts: LaneParts, missingBefore?: Date, call: PiCallOptions = {}): Promise<number> {
  const { ledger, wallet, app } = parts;
  const since = await ledger.read((session) => newestRow(session, app, wallet.address, missingBefore));
  const read = await envelopeReader(parts.passphrase);
  let found = 0;
  for await (const transaction of outgoing(parts, since, call)) {
    const record = toWalletRecord(transaction, read);
    if (record.source !== wallet.address || record.memo === undefined || !record.payment) continue;
    const { memo } = record;
    if (await ledger.read((session) => isKnown(session, memo))) continue;
    const payment = await paymentAt(parts.platform, memo, call);
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
    await markPaid(parts, payment, record);
    found++;
  }
  return found;
}

/**
 * The newest row is the newest thing the backup knew: when it was made, for any row may have changed since. An empty table knew
 * nothing: everything is looked at, or after a crash what may have been under way then.
 */
async function newestRow({ db }: LedgerSession, app: string, wallet: string, before?: Date): Promise<Date | undefined> {
  const row = await db
    .selectFrom('payouts')
    .select('created_at')
    .where('app', '=', app)
    .where('wallet', '=', wallet)
    .$if(before !== undefined, (query) => query.where('created_at', '<', before!))
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (row) return new Date(new Date(row.created_at).getTime() - MARGIN_MS);
  return before && new Date(before.getTime() - EMPTY_MS);
}

async function* outgoing(
  { horizon, wallet, logger }: LaneParts,
  since: Date | undefined,
  call: PiCallOptions,
): AsyncGenerator<ChainTransaction> {
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const query = { order: 'desc', limit: PAGE, ...(cursor !== undefined && { cursor }) } as const;
    const { records, next } = await horizon.transactions(wallet.address, query, call);
    for (const record of records) {
      if (since && record.createdAt < since) return;
      yield record;
    }
    if (next === undefined) return;
    cursor = next;
  }
  logger.error(
    `The history of ${wallet.name} is longer than ${MAX_PAGES * PAGE} transactions: older ones were not looked at`,
  );
}

async function isKnown({ db }: LedgerSession, identifier: string): Promise<boolean> {
  const row = await db.selectFrom('payouts').select('id').where('identifier', '=', identifier).executeTakeFirst();
  return row !== undefined;
}
