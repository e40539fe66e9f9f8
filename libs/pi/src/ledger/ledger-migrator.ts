import { Kysely, Migrator } from 'kysely';
import { PiConfigurationError } from '../errors/pi-configuration-error.js';
import type { PiQuery } from '../pi.ports.js';
import { migrations } from './migrations/index.js';
import { MIGRATION_LOCK, MIGRATION_LOCK_TABLE, MIGRATION_TABLE } from './migration-bookkeeping.js';
import { QueryDialect } from './query-dialect.js';

/** Where the schema stands, compared to this version of the code. */
export interface MigrationState {
  /** In the code, not in the database. */
  readonly missing: readonly string[];
  /** In the database, unknown to the code: a newer version was here. */
  readonly unknown: readonly string[];
}

/** Reads only, so that a role without the right to create anything can start on a schema made by hand. */
export async function migrationState(query: PiQuery): Promise<MigrationState> {
  const { rows: found } = await query(`select 1 from pg_catalog.pg_tables where schemaname = 'pi' and tablename = $1`, [
    MIGRATION_TABLE,
  ]);
  const { rows } =
    found.length > 0 ? await query<{ name: string }>(`select name from pi.${MIGRATION_TABLE}`) : { rows: [] };
  const done = new Set(rows.map(({ name }) => name));
  const known = new Set(migrations.map(({ name }) => name));
  return {
    missing: [...known].filter((name) => !done.has(name)),
    unknown: [...done].filter((name) => !known.has(name)).toSorted(),
  };
}

/**
 * Brings the schema up to date inside the transaction `query` runs in, under an advisory lock that ends with it: of several
 * instances that start at once one migrates and the others find it done. A lock of the session would not survive a
 * transaction-mode pooler; one of the transaction does.
 */
export async function migrate(query: PiQuery): Promise<readonly string[]> {
  await query('select pg_advisory_xact_lock($1::bigint)', [MIGRATION_LOCK]);
  const migrator = new Migrator({
    db: new Kysely<object>({ dialect: new QueryDialect(query) }),
    provider: {
      getMigrations: async () =>
        Object.fromEntries(migrations.map(({ name, sql }) => [name, { up: () => query(sql).then(() => {}) }])),
    },
    migrationTableSchema: 'pi',
    migrationTableName: MIGRATION_TABLE,
    migrationLockTableName: MIGRATION_LOCK_TABLE,
    disableTransactions: true,
  });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
  return results.map(({ migrationName }) => migrationName);
}

/** Refuses a schema this version must not work on. */
export function checkMigrations({ missing, unknown }: MigrationState): void {
  if (unknown.length > 0) {
    throw new PiConfigurationError([
      {
        problem: `the ledger's schema is ahead of this version of nestjs-pi: it has ${unknown.join(', ')}`,
        fix: 'deploy the version of nestjs-pi that migrated the database, or a later one; there is no way back but a backup',
      },
    ]);
  }
  if (missing.length > 0) {
    throw new PiConfigurationError([
      {
        problem: `the ledger's schema is behind: it lacks ${missing.join(', ')}, and \`ledger.migrations\` is 'manual'`,
        fix:
          'run the SQL that `await PiLedger.migrationSql()` returns as a role that may create a schema ' +
          `(node --input-type=module -e "import('nestjs-pi').then(async (pi) => console.log(await pi.PiLedger.migrationSql()))" | psql "$DATABASE_URL"), or set \`migrations: 'boot'\``,
      },
    ]);
  }
}
