import { randomUUID } from 'node:crypto';
import type { Updateable } from 'kysely';
import { PiIdempotencyError } from '../errors/pi-idempotency-error.js';
import type { LedgerSession } from '../ledger/ledger-session.js';
import type { PayoutsTable } from '../ledger/tables/payouts.table.js';
import type { LaneParts } from './lane-parts.js';
import type { PayoutFilter, PayoutState } from './payout.js';
import { PiPayoutInvalidError } from './payout-errors.js';
import { type PayoutRecord, selectPayouts, toRecord } from './payout-record.js';
import type { CheckedRequest } from './payout-request.js';

/** The event of a payout that Pi pays from another wallet; its detail is the wallet it came from. */
export const HANDED_OVER = 'handed over';

/** Where every change of an app's payouts is announced, with {@link toNews} as payload. */
export function payoutsTopic(app: string): string {
  return `payouts:${app}`;
}

/** `asked`: there is something to do for the wallet's lane. */
export interface PayoutNews {
  readonly what: 'asked' | 'moved';
  readonly wallet: string;
  readonly id: string;
}

export function announce(session: LedgerSession, app: string, { what, wallet, id }: PayoutNews): Promise<void> {
  return session.notify(payoutsTopic(app), `${what} ${wallet} ${id}`);
}

export function readNews(payload: string): PayoutNews | undefined {
  const [what, wallet, id] = payload.split(' ');
  return (what === 'asked' || what === 'moved') && wallet && id ? { what, wallet, id } : undefined;
}

/** Append-only: what happened to a payout. */
export async function noteEvent(
  { db }: LedgerSession,
  payoutId: string,
  event: { kind: string; detail?: string; attempt?: number; by?: string },
): Promise<void> {
  await db
    .insertInto('payout_events')
    .values({
      payout_id: payoutId,
      kind: event.kind,
      detail: event.detail?.slice(0, 2_000) ?? null,
      attempt: event.attempt ?? null,
      by: event.by ?? null,
    })
    .execute();
}

/** Of what is come upon again and again. True when this was the first time. */
export async function noteOnce(
  session: LedgerSession,
  payoutId: string,
  event: { kind: string; detail: string },
): Promise<boolean> {
  const known = await session.db
    .selectFrom('payout_events')
    .select('id')
    .where('payout_id', '=', payoutId)
    .where('kind', '=', event.kind)
    .where('detail', '=', event.detail)
    .limit(1)
    .executeTakeFirst();
  if (known) return false;
  await noteEvent(session, payoutId, event);
  return true;
}

/**
 * Stores a payout, or finds the one its key already stands for.
 *
 * @param onMoved told of one that was stored, once it is committed
 * @throws PiIdempotencyError the key stands for something else
 */
export async function storePayout(
  session: LedgerSession,
  app: string,
  wallet: string,
  request: CheckedRequest,
  onMoved?: LaneParts['onMoved'],
): Promise<PayoutRecord> {
  const { idempotencyKey } = request;
  const stored = await storeIfNew(session, app, wallet, request, onMoved);
  const record = await findByKey(session, app, idempotencyKey);
  // The insert waited for the row in the way to commit. A caller's snapshot (repeatable read) may be older still.
  if (!record)
    throw new PiPayoutInvalidError(
      'idempotencyKey',
      `${idempotencyKey} was stored by another transaction at this moment: repeat the request.`,
    );
  if (stored) return record;
  const fields = differences({ ...record, wallet: await walletAsked(session, record) }, request);
  if (fields.length > 0) throw new PiIdempotencyError(idempotencyKey, fields);
  return record;
}

/** Stores a payout, unless its key stands for one already, whichever. True when it did. */
export async function storeIfNew(
  session: LedgerSession,
  app: string,
  wallet: string,
  { idempotencyKey, uid, stroops, memo, metadata }: CheckedRequest,
  onMoved?: LaneParts['onMoved'],
): Promise<boolean> {
  const stored = await session.db
    .insertInto('payouts')
    .values({ id: randomUUID(), app, wallet, idempotency_key: idempotencyKey, uid, stroops, memo, metadata })
    .onConflict((conflict) => conflict.columns(['app', 'idempotency_key']).doNothing())
    .returning('id')
    .executeTakeFirst();
  if (!stored) return false;
  await noteEvent(session, stored.id, { kind: 'state', detail: 'requested' });
  await announce(session, app, { what: 'asked', wallet, id: stored.id });
  session.afterCommit(() => onMoved?.('requested'));
  return true;
}

/** Until this transaction ends nobody changes it, and what others were changing is in what is read. */
export async function lockByKey(session: LedgerSession, app: string, key: string): Promise<PayoutRecord | undefined> {
  await session.query('select 1 from pi.payouts where app = $1 and idempotency_key = $2 for update', [app, key]);
  return findByKey(session, app, key);
}

/**
 * Moves a payout that this transaction has locked, without the lease of its lane: what that lane writes next finds that it has moved.
 */
export async function moveLocked(
  session: LedgerSession,
  payout: PayoutRecord,
  to: PayoutState,
  columns: Updateable<PayoutsTable>,
  onMoved?: LaneParts['onMoved'],
): Promise<void> {
  const { id, app, wallet: from } = payout;
  const { wallet = from } = columns;
  await session.db
    .updateTable('payouts')
    .set({ ...columns, state: to, updated_at: session.sql<Date>`clock_timestamp()` })
    .where('id', '=', id)
    .execute();
  if (wallet !== from) await noteEvent(session, id, { kind: HANDED_OVER, detail: from });
  if (to !== payout.state) {
    await noteEvent(session, id, { kind: 'state', detail: to });
    session.afterCommit(() => onMoved?.(to));
  }
  await announce(session, app, { what: 'asked', wallet, id });
}

/** The wallet it was asked from: Pi may have had it paid from another one. */
async function walletAsked({ db }: LedgerSession, { id, wallet }: PayoutRecord): Promise<string> {
  const moved = await db
    .selectFrom('payout_events')
    .select('detail')
    .where('payout_id', '=', id)
    .where('kind', '=', HANDED_OVER)
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  return moved?.detail ?? wallet;
}

function differences(record: PayoutRecord, request: CheckedRequest): string[] {
  const stored = record.metadata === undefined ? null : JSON.stringify(record.metadata);
  const compared: [string, boolean][] = [
    ['uid', record.uid === request.uid],
    ['amount', record.stroops === request.stroops],
    ['memo', record.memo === request.memo],
    ['metadata', stored === request.metadata],
    ['wallet', request.wallet === undefined || request.wallet === record.wallet],
  ];
  return compared.filter(([, equal]) => !equal).map(([field]) => field);
}

export async function findById(session: LedgerSession, app: string, id: string): Promise<PayoutRecord | undefined> {
  const row = await selectPayouts(session).where('app', '=', app).where('id', '=', id).executeTakeFirst();
  return row && toRecord(row);
}

export async function findByKey(session: LedgerSession, app: string, key: string): Promise<PayoutRecord | undefined> {
  const row = await selectPayouts(session).where('app', '=', app).where('idempotency_key', '=', key).executeTakeFirst();
  return row && toRecord(row);
}

const DEFAULT_PAGE = 50;
const MAX_PAGE = 200;

/** Newest first. */
export async function listPayouts(
  session: LedgerSession,
  app: string,
  { state, uid, after, limit = DEFAULT_PAGE }: PayoutFilter,
): Promise<{ items: PayoutRecord[]; next?: string }> {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE)
    throw new PiPayoutInvalidError('limit', `limit has to be a whole number from 1 to ${MAX_PAGE}, not ${limit}.`);
  if (after !== undefined && !/^\d{1,18}$/.test(after))
    throw new PiPayoutInvalidError('after', '`after` has to be the `next` of a page.');
  const states = state === undefined ? [] : [state].flat();
  const rows = await selectPayouts(session)
    .where('app', '=', app)
    .$if(states.length > 0, (query) => query.where('state', 'in', states))
    .$if(uid !== undefined, (query) => query.where('uid', '=', uid!))
    .$if(after !== undefined, (query) => query.where(session.sql<boolean>`position < ${after}::bigint`))
    .orderBy('position', 'desc')
    .limit(limit + 1)
    .execute();
  const items = rows.slice(0, limit).map(toRecord);
  const last = rows[limit - 1];
  return { items, ...(rows.length > limit && last && { next: String(last.position) }) };
}

/**
 * Which database this is, to Pi: goes into each payment's metadata, so that two databases paying for one app never take
 * each other's payments for their own.
 */
export async function instanceOf({ db }: LedgerSession, app: string): Promise<string> {
  await db
    .insertInto('payout_instances')
    .values({ app, instance: randomUUID() })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return (await db.selectFrom('payout_instances').select('instance').where('app', '=', app).executeTakeFirstOrThrow())
    .instance;
}
