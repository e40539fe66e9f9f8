import type { FastifyReply, FastifyRequest } from 'fastify';
import { firstIndex } from '../chain/sorted.js';
import { badRequest } from './problem.js';

const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 200;

export type Query = Record<string, string | undefined>;

export interface PageQuery {
  readonly cursor: bigint | undefined;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
}

/** Something that can be listed, with its place in the order of the whole chain. */
export interface Paged {
  readonly paging_token: string;
}

/** @throws HorizonProblem naming the field that is wrong */
export function readPageQuery(query: Query, latestLedger: number): PageQuery {
  const { order = 'asc', limit = String(DEFAULT_LIMIT) } = query;
  if (order !== 'asc' && order !== 'desc') throw badRequest('order', 'order: invalid value');
  const count = Number(limit);
  if (!Number.isInteger(count) || count < 1 || count > MAX_LIMIT) {
    throw badRequest('limit', `limit: must be a whole number from 1 to ${MAX_LIMIT}`);
  }
  return { cursor: readCursor(query.cursor, latestLedger), order, limit: count };
}

function readCursor(cursor: string | undefined, latestLedger: number): bigint | undefined {
  if (cursor === undefined || cursor === '') return undefined;
  if (cursor === 'now') return tokenOf(latestLedger + 1);
  if (!/^\d{1,19}$/.test(cursor)) throw badRequest('cursor', 'cursor must contain exactly one whole number');
  return BigInt(cursor);
}

/** Place of a ledger, a transaction in it, an operation in that: Horizon's "total order id". */
export function tokenOf(ledger: number, order = 0, operation = 0): bigint {
  return (BigInt(ledger) << 32n) | (BigInt(order) << 12n) | BigInt(operation);
}

/**
 * What belongs on one page, in the order asked for. Walks only as far as the page needs.
 * @param ascending what is walked over, oldest first (transactions)
 * @param place of one of them
 * @param expand what each of them holds that belongs in this listing, oldest first
 * @param token of such an entry
 */
export function selectPage<T, E>(
  ascending: readonly T[],
  place: (item: T) => bigint,
  expand: (item: T) => readonly E[],
  token: (entry: E) => bigint,
  { cursor, order, limit }: PageQuery,
): E[] {
  const chosen: E[] = [];
  const isAscending = order === 'asc';
  const step = isAscending ? 1 : -1;
  let index = startIndex(ascending, place, cursor, isAscending);
  for (let item = ascending[index]; item !== undefined && chosen.length < limit; item = ascending[(index += step)]) {
    const entries = isAscending ? expand(item) : expand(item).toReversed();
    for (const entry of entries) {
      if (chosen.length < limit && isBeyond(token(entry), cursor, isAscending)) chosen.push(entry);
    }
  }
  return chosen;
}

function startIndex<T>(
  ascending: readonly T[],
  place: (item: T) => bigint,
  cursor: bigint | undefined,
  isAscending: boolean,
): number {
  if (cursor === undefined) return isAscending ? 0 : ascending.length - 1;
  const transaction = (cursor >> 12n) << 12n;
  return isAscending
    ? firstIndex(ascending, (item) => place(item) >= transaction)
    : firstIndex(ascending, (item) => place(item) > cursor) - 1;
}

function isBeyond(token: bigint, cursor: bigint | undefined, isAscending: boolean): boolean {
  return cursor === undefined || (isAscending ? token > cursor : token < cursor);
}

/** A page in HAL; `next` and `prev` are always there, also on an empty page. */
export function pageOf(
  request: FastifyRequest,
  { cursor, order, limit }: PageQuery,
  records: readonly Paged[],
): unknown {
  const [path = ''] = request.url.split('?');
  const query = request.query as Query;
  const link = (pageCursor: string | undefined, direction: string): { href: string } => {
    const params = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, value);
    params.set('cursor', pageCursor ?? '');
    params.set('limit', String(limit));
    params.set('order', direction);
    return { href: `${originOf(request)}${path}?${params}` };
  };
  const here = cursor?.toString();
  const reverse = order === 'asc' ? 'desc' : 'asc';
  return {
    _links: {
      self: link(here, order),
      next: link(records.at(-1)?.paging_token ?? here, order),
      prev: link(records[0]?.paging_token ?? here, reverse),
    },
    _embedded: { records },
  };
}

/** Where the client reached us: what links start with. */
export function originOf(request: FastifyRequest): string {
  return `${request.protocol}://${request.host}`;
}

/** Marks an answer as HAL. */
export function hal(reply: FastifyReply): void {
  reply.type('application/hal+json; charset=utf-8');
}
