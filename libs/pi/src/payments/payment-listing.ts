import type { PiLedger } from '../ledger/pi-ledger.js';
import { PAYMENT_COLUMNS, toPaymentRecord, toPaymentRow, type RawPaymentRow } from './payment-row.js';
import { PAYMENT_STATES, type PiPaymentState } from './payment-state.js';
import type { PiPaymentFilter, PiPaymentPage } from './pi-payment-record.js';

const DEFAULT_LIMIT = 50;
const MOST = 500;

interface Cursor {
  readonly seenAt: string;
  readonly id: string;
}

/** Newest first, page by page: a page is found by where the last one ended, so new payments do not shift it. */
export async function listPayments(
  ledger: PiLedger<unknown>,
  app: string,
  { state, uid, troubled, after, limit = DEFAULT_LIMIT }: PiPaymentFilter,
): Promise<PiPaymentPage> {
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST)
    throw new RangeError(`limit is ${limit}: give 1 to ${MOST}.`);
  const states = statesOf(state);
  const cursor = after === undefined ? undefined : readCursor(after);
  const { rows } = await ledger.read(({ db, sql }) =>
    sql<RawPaymentRow & { seen_at_text: string }>`
      select ${sql.raw(PAYMENT_COLUMNS)}, p.seen_at::text as seen_at_text from pi.payments p
      where p.app = ${app}
        ${states ? sql`and p.state in (${sql.join(states)})` : sql``}
        ${uid === undefined ? sql`` : sql`and p.uid = ${uid}`}
        ${troubled ? sql`and p.trouble is not null` : sql``}
        ${cursor ? sql`and (p.seen_at, p.id) < (${cursor.seenAt}::timestamptz, ${cursor.id})` : sql``}
      order by p.seen_at desc, p.id desc limit ${limit + 1}`.execute(db),
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map((raw) => toPaymentRecord(toPaymentRow(raw))),
    ...(rows.length > limit && last && { next: writeCursor({ seenAt: last.seen_at_text, id: last.id }) }),
  };
}

function statesOf(state: PiPaymentFilter['state']): readonly PiPaymentState[] | undefined {
  if (state === undefined) return undefined;
  const states = typeof state === 'string' ? [state] : state;
  const wrong = states.find((name) => !PAYMENT_STATES.includes(name));
  if (wrong !== undefined || states.length === 0) {
    throw new RangeError(`state is ${JSON.stringify(wrong ?? [])}: give one or more of ${PAYMENT_STATES.join(', ')}.`);
  }
  return states;
}

function writeCursor({ seenAt, id }: Cursor): string {
  return Buffer.from(`${seenAt}|${id}`).toString('base64url');
}

function readCursor(after: string): Cursor {
  const [seenAt, id, more] = Buffer.from(after, 'base64url').toString().split('|');
  if (!seenAt || !id || more !== undefined || Number.isNaN(Date.parse(seenAt))) {
    throw new RangeError('after is not the "next" of a page.');
  }
  return { seenAt, id };
}
