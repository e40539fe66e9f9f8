import type { FastifyReply, FastifyRequest } from 'fastify';
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
 * The records of one page, in the order asked for.
 * @param ascending all candidates, oldest first
 */
export function selectPage<T>(
  ascending: readonly T[],
  token: (item: T) => bigint,
  { cursor, order, limit }: PageQuery,
): T[] {
  if (order === 'asc') {
    const start = cursor === undefined ? 0 : firstAfter(ascending, token, cursor);
    return ascending.slice(start, start + limit);
  }
  const end = cursor === undefined ? ascending.length : firstAfter(ascending, token, cursor - 1n);
  return ascending.slice(Math.max(0, end - limit), end).toReversed();
}

function firstAfter<T>(ascending: readonly T[], token: (item: T) => bigint, cursor: bigint): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = ascending[middle];
    if (item !== undefined && token(item) <= cursor) low = middle + 1;
    else high = middle;
  }
  return low;
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
