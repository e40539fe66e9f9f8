import { Logger } from '@nestjs/common';
import { PiUnavailableError } from '../errors/pi-unavailable-error.js';
import type { PiLedgerOptions } from '../pi.options.js';
import type { PiQuery } from '../pi.ports.js';
import { appTransactions } from './app-transactions.js';
import { checkSameDatabase } from './same-database.js';
import { codeOf, messageOf, refusedByDatabase, toLedgerError } from './ledger-errors.js';
import type { LedgerSession } from './ledger-session.js';
import { LedgerNotifications } from './ledger-notifications.js';
import { acquire, type LedgerSource } from './ledger-source.js';
import { runAfterCommit } from './after-commit.js';
import { OpenTransaction, type SessionMaker } from './open-transaction.js';
import type { PiTransaction } from './pi-transaction.js';
import type { TimedQuery } from './timed-query.js';
import { postgresByPool, postgresByUrl } from './postgres-source.js';

/** Longest a start waits for another instance that is migrating. */
const MIGRATION_MS = 300_000;

/** The ledger's database, reached and of the right schema. */
export interface OpenLedger {
  readonly source: LedgerSource;
  readonly notifications: LedgerNotifications;
  /** True when a commit the ledger was told of can vanish in a power cut: PGlite, `fsync` or `synchronous_commit` off. */
  readonly canLoseCommits: boolean;
  /**
   * Commits from before this moment can be missing: the last start of an embedded ledger that was not closed in order, or
   * this very start where the settings lose commits and nobody knows how it ended. Undefined: nothing is missing, as far as a database can know.
   */
  readonly commitsMissingBefore: Date | undefined;
  /** Statements outside any transaction, each on whatever connection is free. */
  readonly session: LedgerSession;
  readonly sessionOver: SessionMaker;
  /** The ledger's session in a transaction of the caller's. */
  sessionIn(tx: PiTransaction<unknown>): LedgerSession;
  close(): Promise<void>;
}

/** Everything the ledger needs is loaded here and not before: kysely, pg, PGlite. */
export async function openLedger<Handle>(options: PiLedgerOptions<Handle>): Promise<OpenLedger> {
  const source = await openSource(options);
  try {
    const [{ kyselyOver }] = await Promise.all([
      import('./kysely-session.js'),
      bringUpToDate(source, options.migrations),
    ]);
    const query: PiQuery = (text, values) => oneStatement(source, text, values);
    const notifications = new LedgerNotifications(source, query);
    const sessionOver: SessionMaker = (over) => {
      const query = own(over.query, source.timeouts.statementMs);
      const afterCommit = (work: () => unknown) => over.afterCommit(work);
      return {
        ...kyselyOver(query),
        query,
        afterCommit,
        notify: (topic, payload) => notifications.notify({ query, afterCommit }, topic, payload),
      };
    };
    if (options.transactions) await checkSameDatabase(query, appTransactions(options.transactions, source.timeouts));
    const canLoseCommits = source.losesCommits || (await settingsLoseCommits(query));
    return {
      source,
      notifications,
      canLoseCommits,
      commitsMissingBefore: canLoseCommits ? missingBefore(source) : undefined,
      session: sessionOver({ query, afterCommit: runAfterCommit }),
      sessionOver,
      sessionIn: (tx) => (tx instanceof OpenTransaction ? tx.session : sessionOver(tx)),
      close: async () => {
        await notifications.close();
        await source.close();
      },
    };
  } catch (error) {
    await source.close();
    if (error instanceof PiUnavailableError) {
      const why = error.cause === undefined ? error.reason : messageOf(error.cause) || codeOf(error.cause);
      new Logger('PiLedger').error(`Cannot open the ledger, ${source.description}: ${why}`);
    }
    throw refusedByDatabase(error, source.description);
  }
}

async function openSource<Handle>(options: PiLedgerOptions<Handle>): Promise<LedgerSource> {
  if ('url' in options) return postgresByUrl(options.url);
  if ('pool' in options) return postgresByPool(options.pool);
  const { embeddedInDirectory } = await import('./embedded-source.js');
  return embeddedInDirectory(options.directory);
}

async function oneStatement<Row>(source: LedgerSource, text: string, values: readonly unknown[] = []) {
  const connection = await acquire(source);
  try {
    return await connection.query<Row>(text, values, source.timeouts.statementMs);
  } finally {
    connection.release();
  }
}

async function bringUpToDate(source: LedgerSource, when: 'boot' | 'manual' = 'boot'): Promise<void> {
  const { checkMigrations, migrate, migrationState } = await import('./ledger-migrator.js');
  const state = await migrationState((text, values) => oneStatement(source, text, values));
  if (when === 'manual' || state.unknown.length > 0 || state.missing.length === 0) return checkMigrations(state);
  const connection = await acquire(source);
  try {
    const query: PiQuery = (text, values = []) => connection.query(text, values, MIGRATION_MS);
    await query('begin');
    const done = await migrate(query);
    await query('commit');
    if (done.length > 0) new Logger('PiLedger').log(`Migrated ${source.description}: ${done.join(', ')}`);
  } catch (error) {
    await connection.rollback(source.timeouts.statementMs);
    throw error;
  } finally {
    connection.release();
  }
}

function missingBefore({ uncleanStartAt }: LedgerSource): Date | undefined {
  return uncleanStartAt === 'unknown' ? new Date() : uncleanStartAt;
}

async function settingsLoseCommits(query: PiQuery): Promise<boolean> {
  const { rows } = await query<{ fsync: string; commit: string }>(
    `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit`,
  );
  return rows.some(({ fsync, commit }) => fsync === 'off' || commit === 'off');
}

/** Statements of the ledger's own, in the ledger's time and, where the app's library runs them, the ledger's words. */
function own(query: TimedQuery, timeoutMs: number): PiQuery {
  return async (text, values) => {
    try {
      return await query(text, values, timeoutMs);
    } catch (error) {
      throw toLedgerError(error);
    }
  };
}
