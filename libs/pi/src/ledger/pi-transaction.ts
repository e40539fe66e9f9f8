import type { PiPoolClient, PiQuery } from '../pi.ports.js';

/**
 * An open transaction: what is written through it commits with the ledger's own rows, or vanishes with them.
 *
 * It ends when the function it was given to settles; a statement after that throws.
 */
export interface PiTransaction<Handle = PiPoolClient> {
  /** One parameterised statement (`$1`, `$2`…) in this transaction. */
  readonly query: PiQuery;
  /**
   * The transaction as the app's library knows it: a pg client (Drizzle and Knex take it), or what
   * `ledger.transactions` hands over, for example TypeORM's `EntityManager`.
   */
  readonly handle: Handle;
  /**
   * Runs `work` after the commit and never after a rollback. Best effort: lost in a crash, and a failure is only logged,
   * because the commit stands.
   */
  afterCommit(work: () => unknown): void;
}
