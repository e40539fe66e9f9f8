import { PiConfigurationError } from '../errors/pi-configuration-error.js';
import { PiError } from '../errors/pi-error.js';
import { PiUnavailableError } from '../errors/pi-unavailable-error.js';

/** SQLSTATE of an error of PostgreSQL, or Node's code of a network error. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** By its shape: an error can come from another realm (worker, vm), where `instanceof Error` is false. */
export function messageOf(error: unknown): string {
  const message = (error as { message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' ? message : String(error);
}

/** Two transactions got in each other's way and PostgreSQL undid this one whole: running it again is right. */
export function isConflict(error: unknown): boolean {
  const code = codeOf(error instanceof PiUnavailableError ? error.cause : error);
  return code === '40001' || code === '40P01';
}

/** Nothing is wrong with the statement: the database is away, restarting, full of connections, or a replica now. */
const AWAY = new Set(
  (
    'ECONNREFUSED ECONNRESET ETIMEDOUT EPIPE ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH ' +
    '57P01 57P02 57P03 57P05 53000 53100 53200 53300 25006 25P03'
  ).split(' '),
);
/** Waited too long: for a lock, or in a statement. */
const SLOW = new Set(['55P03', '57014']);
/** pg gives these no code. */
const AWAY_MESSAGE =
  /^(Connection terminated|timeout exceeded when trying to connect|Client (was closed|has encountered a connection error)|Query read timeout|Cannot use a pool after|pooler error|server closed the connection|query_wait_timeout)/i;

/** True when the connection itself is of no more use. */
export function isConnectionLost(error: unknown): boolean {
  const code = codeOf(error);
  if (code !== undefined && (AWAY.has(code) || code.startsWith('08'))) return true;
  return AWAY_MESSAGE.test(messageOf(error));
}

/** What a caller of the ledger gets to see. Constraint violations and faulty SQL stay as PostgreSQL reported them. */
export function toLedgerError(error: unknown): unknown {
  if (error instanceof PiError) return error;
  if (isConnectionLost(error)) return ledgerUnavailable('network', 'its database cannot be reached', error);
  const code = codeOf(error);
  if (code !== undefined && SLOW.has(code)) return ledgerUnavailable('timeout', 'its database was too slow', error);
  if (isConflict(error)) return ledgerUnavailable('busy', 'another transaction was in the way', error);
  return error;
}

/** The database answers, but not to us: wrong name, password or rights. Waiting does not help. */
const DENIED = new Set(['28000', '28P01', '3D000', '42501']);

/** At the start, a refusal of the database is a matter of the options; everything else stays as it is. */
export function refusedByDatabase(error: unknown, description: string): unknown {
  const code = codeOf(error);
  if (code === undefined || !DENIED.has(code)) return error;
  return new PiConfigurationError([
    {
      problem: `the ledger's database, ${description}, refuses: ${messageOf(error)}`,
      fix:
        code === '42501'
          ? "grant the role what it lacks (to migrate at boot it needs CREATE on the database); or run the SQL of `await PiLedger.migrationSql()` as the owner, grant usage on schema pi and select, insert, update, delete on its tables, and set `migrations: 'manual'`"
          : 'correct user, password and database in `ledger.url`',
    },
  ]);
}

/** 503, worth repeating. The cause has the particulars; the message, which may reach a client, has no address. */
export function ledgerUnavailable(
  reason: 'network' | 'timeout' | 'busy',
  why: string,
  cause?: unknown,
): PiUnavailableError {
  return new PiUnavailableError({ reason, message: `The payment ledger is not available: ${why}.`, cause });
}

/** A ledger call that would wait for the transaction it is made in. */
export function notJoined(): PiConfigurationError {
  return new PiConfigurationError([
    {
      problem:
        'a ledger call that writes was made inside an open ledger transaction (a delivery, or PiLedger.transaction) ' +
        'without joining it: it would commit on its own even if the delivery rolls back, and on an embedded ledger, ' +
        'which has one connection, wait for itself for ever',
      fix: 'pass the transaction along: `payouts.pay(request, { tx })`, `ads.claim(adId, uid, { tx })`; or do it after the commit, in `tx.afterCommit(() => …)`',
    },
  ]);
}

/** A transaction used after its function settled. */
export function transactionEnded(): PiConfigurationError {
  return new PiConfigurationError([
    {
      problem: 'a PiTransaction was used after it had ended; the statement was not run',
      fix: 'await everything that uses `tx` inside the handler; work for later goes into `tx.afterCommit(() => …)` without `tx`',
    },
  ]);
}

/** The app caught the error of a statement and carried on in a transaction that could no longer commit. */
export function abortedByCaller(): PiConfigurationError {
  return new PiConfigurationError([
    {
      problem:
        'a statement in the transaction had failed and its error was caught, so PostgreSQL rolled everything back at the commit',
      fix: 'let the error of a statement through; where it is expected, prevent it (`on conflict do nothing`) or use a savepoint',
    },
  ]);
}
