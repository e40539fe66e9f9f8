import {
  type CompiledQuery,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
} from 'kysely';
import type { PiQuery } from '../pi.ports.js';

/**
 * Kysely over one function that runs a statement. Connections and transactions are not Kysely's business here: whoever
 * hands in the function owns them, be it our pool, a pg client or the app's ORM.
 */
export class QueryDialect implements Dialect {
  constructor(private readonly query: PiQuery) {}

  createDriver(): Driver {
    return new QueryDriver(this.query);
  }

  createQueryCompiler(): PostgresQueryCompiler {
    return new PostgresQueryCompiler();
  }

  createAdapter(): PostgresAdapter {
    return new LockedByCaller();
  }

  // `any`: what Kysely's interface asks for.
  // oxlint-disable-next-line typescript/no-explicit-any
  createIntrospector(db: Kysely<any>): DatabaseIntrospector {
    return new PostgresIntrospector(db);
  }
}

/**
 * Kysely's own migration lock is a session-level advisory lock, which a transaction-mode pooler would take on one server
 * connection and release on another. Ours is taken by the migrating transaction itself.
 */
class LockedByCaller extends PostgresAdapter {
  override async acquireMigrationLock(): Promise<void> {}
  override async releaseMigrationLock(): Promise<void> {}
}

class QueryDriver implements Driver {
  readonly #connection: DatabaseConnection;

  constructor(query: PiQuery) {
    this.#connection = new QueryConnection(query);
  }

  async init(): Promise<void> {}
  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }
  async releaseConnection(): Promise<void> {}
  async destroy(): Promise<void> {}

  async beginTransaction(): Promise<void> {
    throw notOurs();
  }
  async commitTransaction(): Promise<void> {
    throw notOurs();
  }
  async rollbackTransaction(): Promise<void> {
    throw notOurs();
  }
}

class QueryConnection implements DatabaseConnection {
  constructor(private readonly query: PiQuery) {}

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { rows } = await this.query<R>(sql, parameters);
    return { rows };
  }

  // oxlint-disable-next-line require-yield
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('A ledger session does not stream: page instead.');
  }
}

function notOurs(): Error {
  return new Error(
    'A ledger session is already what it is: open a transaction by PiLedger.write(), not by db.transaction().',
  );
}
