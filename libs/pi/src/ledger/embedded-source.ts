import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { PiConfigurationError } from '../errors/pi-configuration-error.js';
import type { LedgerSource, LedgerTimeouts } from './ledger-source.js';

/** Statements run in this very process and wait for nobody but each other. */
const TIMEOUTS: LedgerTimeouts = { connectMs: 10_000, statementMs: 30_000, appStatementMs: 30_000 };

/** PGlite in a folder: a PostgreSQL in this process, with one connection, spoken to through the same pg.Pool. */
export async function embeddedInDirectory(directory: string): Promise<LedgerSource> {
  const [{ PGlite }, { createPgConfig }, { Pool }] = await Promise.all([
    import('@electric-sql/pglite'),
    import('@electric-sql/pglite/node-postgres'),
    import('pg'),
  ]).catch((error: unknown) => {
    throw new PiConfigurationError([
      {
        problem: `\`ledger.directory\` needs the package @electric-sql/pglite, which cannot be loaded: ${String(error)}`,
        fix: 'npm install @electric-sql/pglite@^0.5 (or give `ledger.url` of a PostgreSQL)',
      },
    ]);
  });
  const folder = resolve(directory);
  await mkdir(folder, { recursive: true });
  const database = await PGlite.create(join(folder, 'postgres'));
  const pool = new Pool({ ...createPgConfig(database), max: 1, idleTimeoutMillis: 0 });
  return {
    pool,
    description: `PGlite in ${folder}`,
    embedded: true,
    losesCommits: true,
    uncleanStart: true,
    timeouts: TIMEOUTS,
    close: async () => {
      await pool.end();
      await database.close();
    },
  };
}
