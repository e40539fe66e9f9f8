import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Logger } from '@nestjs/common';
import { PiConfigurationError } from '../errors/pi-configuration-error.js';
import type { PiPool } from '../pi.ports.js';
import { lockFolder } from './folder-lock.js';
import { ledgerUnavailable, messageOf } from './ledger-errors.js';
import type { LedgerSource, LedgerTimeouts } from './ledger-source.js';
import { Turns } from './turns.js';

/** Nothing can get lost on the way to a database in this very process; only the one connection can be long in use. */
const TIMEOUTS: LedgerTimeouts = { connectMs: 10_000, statementMs: 600_000, appStatementMs: 600_000 };

/**
 * PGlite in a folder: a PostgreSQL in this process, with one connection, spoken to through the same pg.Pool. In the folder:
 * `postgres/` the database, `owners/` the lock, `closed` while it is closed in order, `unclean-start` the time of the last start without that.
 */
export async function embeddedInDirectory(directory: string): Promise<LedgerSource> {
  const { PGlite, createPgConfig, Pool } = await loadPglite();
  const folder = resolve(directory);
  await mkdir(folder, { recursive: true });
  const guard = guardedBy(folder);
  const lock = await lockFolder(folder, guard.lost);
  try {
    const data = join(folder, 'postgres');
    const closed = join(folder, 'closed');
    const isNew = !(await exists(data));
    const uncleanStartAt = await lastUncleanStart(join(folder, 'unclean-start'), !isNew && !(await exists(closed)));
    await rm(closed, { force: true });
    if (isNew) await initialise(data, (path) => PGlite.create(path));
    const database = await PGlite.create(data);
    // The instance, not its options: those would open a second database, in memory.
    const pool = new Pool({ ...createPgConfig(database), max: 1, idleTimeoutMillis: 0 });
    return {
      pool: guard.pool(pool),
      turns: new Turns(1),
      description: `PGlite in ${folder}`,
      embedded: true,
      losesCommits: true,
      uncleanStartAt,
      timeouts: TIMEOUTS,
      close: async () => {
        await pool.end();
        await database.close();
        await writeFile(closed, '');
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function loadPglite() {
  const { Pool } = await import('pg');
  try {
    const [{ PGlite }, { createPgConfig }] = await Promise.all([
      import('@electric-sql/pglite'),
      import('@electric-sql/pglite/node-postgres'),
    ]);
    return { PGlite, createPgConfig, Pool };
  } catch (error) {
    throw new PiConfigurationError([
      {
        problem: `\`ledger.directory\` needs the package @electric-sql/pglite, which cannot be loaded (${messageOf(error)})`,
        fix: 'npm install @electric-sql/pglite@^0.5 — or use a PostgreSQL by `ledger.url`',
      },
    ]);
  }
}

/** Made beside and then moved into place: a process killed while it makes a database leaves none, not half of one. */
async function initialise(data: string, create: (path: string) => Promise<{ close(): Promise<void> }>): Promise<void> {
  const unfinished = `${data}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await (await create(unfinished)).close();
  await rename(unfinished, data);
}

/** Remembered over later restarts, orderly ones too: what a lost commit had signed stays valid on the chain for a while. */
async function lastUncleanStart(file: string, now: boolean): Promise<Date | undefined> {
  if (now) await writeFile(file, new Date().toISOString());
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? new Date() : time;
}

/** Gives out no more connections once the folder is somebody else's. */
function guardedBy(folder: string): { lost(): void; pool(pool: PiPool): PiPool } {
  let lost = false;
  return {
    lost() {
      lost = true;
      new Logger('PiLedger').error(
        `The lock on ${folder} is gone: this process was held up for long, and another one may have the ledger open now. It is closed to this one; restart it.`,
      );
    },
    pool: (pool) => ({
      connect: async () => {
        if (lost) throw ledgerUnavailable('network', 'its folder was taken over by another process');
        return pool.connect();
      },
      end: () => pool.end(),
    }),
  };
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
