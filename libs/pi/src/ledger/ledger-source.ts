import type { PiPool } from '../pi.ports.js';
import { withDeadline } from './deadline.js';
import { LedgerConnection } from './ledger-connection.js';
import { isConnectionLost, ledgerUnavailable, toLedgerError } from './ledger-errors.js';
import type { Turns } from './turns.js';

/** How long the ledger waits for its database before it says so. Together below the 3 s a payment callback may take. */
export interface LedgerTimeouts {
  /** Until a connection is there. */
  readonly connectMs: number;
  /** Until one of our own statements is answered. */
  readonly statementMs: number;
  /** Until a statement of the app in `tx.query` is answered. */
  readonly appStatementMs: number;
}

/** Where the ledger's connections come from. */
export interface LedgerSource {
  readonly pool: PiPool;
  /** For handlers of the app, each of which holds a connection while it runs. They leave some to everybody else. */
  readonly turns: Turns;
  /** Words for logs, without a password: `'postgres://db:5432/shop'`. */
  readonly description: string;
  /** PGlite: runs in this process, which is then its only one, and has one connection. */
  readonly embedded: boolean;
  /** Commits can be lost by construction, whatever the settings say. */
  readonly losesCommits: boolean;
  /** Last start after an end that was not orderly, remembered over restarts; undefined when there was none. */
  readonly uncleanStartAt: Date | 'unknown' | undefined;
  readonly timeouts: LedgerTimeouts;
  /** For `new pg.Client(config)`, to listen on a connection of its own. Undefined when there is none to be had. */
  readonly clientConfig?: object | undefined;
  /** Ends what was opened here; leaves a pool that was handed in alone. */
  close(): Promise<void>;
}

/** Takes a connection, within the time allowed. */
export async function acquire({ pool, timeouts }: LedgerSource): Promise<LedgerConnection> {
  try {
    const client = await withDeadline(
      pool.connect(),
      timeouts.connectMs,
      () => ledgerUnavailable('timeout', `no connection to its database within ${timeouts.connectMs} ms`),
      (late) => late.release(),
    );
    return new LedgerConnection(client);
  } catch (error) {
    if (isConnectionLost(error)) throw ledgerUnavailable('network', 'its database cannot be reached', error);
    throw toLedgerError(error);
  }
}
