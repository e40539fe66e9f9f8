import { Kysely, sql } from 'kysely';
import type { PiQuery } from '../pi.ports.js';
import type { LedgerSchema } from './ledger-schema.js';
import type { LedgerSession } from './ledger-session.js';
import { QueryDialect } from './query-dialect.js';

/** The Kysely side of a session. This file loads kysely: import it by `await import()` only. */
export function kyselyOver(query: PiQuery): Pick<LedgerSession, 'db' | 'sql'> {
  return { db: new Kysely<LedgerSchema>({ dialect: new QueryDialect(query) }).withSchema('pi'), sql };
}
