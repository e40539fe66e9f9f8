import type { Kysely, sql } from 'kysely';
import type { PiQuery } from '../pi.ports.js';
import type { LedgerSchema } from './ledger-schema.js';

/**
 * One conversation with the ledger: the pool's, a transaction's, or one inside the app's own TypeORM transaction. Query
 * functions take it as their first argument and so run in any of them.
 *
 * It brings `sql` along, so a file of queries needs no value of kysely and loads nothing.
 *
 * Count rows by `returning`: an app's transaction runner reports rows only, so `numUpdatedRows` is always 0.
 *
 * @example
 * export async function claimedBy({ db }: LedgerSession, adId: string) {
 *   return db.selectFrom('ad_claims').select('uid').where('ad_id', '=', adId).executeTakeFirst();
 * }
 */
export interface LedgerSession {
  /** Bound to the schema `pi`. In raw SQL write `pi.ad_claims`. */
  readonly db: Kysely<LedgerSchema>;
  readonly sql: typeof sql;
  /** One statement as text with `$1`, `$2`…, for what reads better as SQL. */
  readonly query: PiQuery;
  /** Wakes the listeners of `topic` in every process once this session's transaction commits. At most 4 KB. */
  notify(topic: string, payload?: string): Promise<void>;
  /** After the commit, never after a rollback; at once outside a transaction. */
  afterCommit(work: () => unknown): void;
}
