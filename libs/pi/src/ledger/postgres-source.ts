import { Logger } from '@nestjs/common';
import { PiConfigurationError } from '../errors/pi-configuration-error.js';
import type { PiPool } from '../pi.ports.js';
import type { LedgerSource, LedgerTimeouts } from './ledger-source.js';
import { Turns } from './turns.js';

const TIMEOUTS: LedgerTimeouts = { connectMs: 1_500, statementMs: 2_000, appStatementMs: 30_000 };
/** Of a pool, which is also what pg makes of one that says nothing. */
const CONNECTIONS = 10;
/** Of a pool and not of a ledger: two Pi apps may work on one. */
const TURNS = new WeakMap<PiPool, Turns>();

/** A pool of our own. */
export async function postgresByUrl(url: string): Promise<LedgerSource> {
  const description = describeUrl(url);
  const { Pool } = await import('pg');
  const clientConfig = { connectionString: url, application_name: 'nestjs-pi', keepAlive: true };
  const pool = new Pool({ ...clientConfig, max: CONNECTIONS, connectionTimeoutMillis: TIMEOUTS.connectMs });
  const logger = new Logger('PiLedger');
  // An idle connection that breaks is replaced at the next use; unheard, the event would end the process.
  pool.on('error', (error) => logger.warn(`A connection to ${description} broke: ${error.message}`));
  return {
    pool,
    turns: turnsOf(pool, CONNECTIONS),
    description,
    embedded: false,
    losesCommits: false,
    uncleanStartAt: 'unknown',
    timeouts: TIMEOUTS,
    clientConfig,
    close: () => pool.end(),
  };
}

/** The app's own pool, which the app also ends. */
export function postgresByPool(pool: PiPool): LedgerSource {
  // A pg.Pool keeps the options its clients are made of; another implementation of the port may not.
  const options = (pool as { options?: { connection?: unknown; stream?: unknown; max?: number } }).options;
  const reusable = options !== undefined && options.connection === undefined && options.stream === undefined;
  return {
    pool,
    turns: turnsOf(pool, options?.max ?? CONNECTIONS),
    description: "the app's own pool",
    embedded: options?.connection !== undefined,
    losesCommits: options?.connection !== undefined,
    uncleanStartAt: 'unknown',
    timeouts: TIMEOUTS,
    clientConfig: reusable ? options : undefined,
    close: async () => {},
  };
}

/** Half of the connections: ten handlers that hang would leave none to approve and complete by. */
function turnsOf(pool: PiPool, connections: number): Turns {
  const turns = TURNS.get(pool) ?? new Turns(Math.max(1, Math.floor(connections / 2)));
  TURNS.set(pool, turns);
  return turns;
}

/** The address without user, password and parameters. */
function describeUrl(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname}`;
  } catch {
    throw new PiConfigurationError([
      {
        problem: '`ledger.url` is not a URL',
        fix: 'write `postgres://user:password@host:5432/database`, with special characters of the password percent-encoded',
      },
    ]);
  }
}
