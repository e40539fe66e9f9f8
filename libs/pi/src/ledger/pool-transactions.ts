import type { PiPoolClient } from '../pi.ports.js';
import { AbandonedWork } from './abandoned-work.js';
import { acquire, type LedgerSource } from './ledger-source.js';
import { abortedByCaller } from './ledger-errors.js';
import type { TimedRunner } from './timed-query.js';

/** Each of our statements has to see what others have committed, whatever the database's default is. */
const READ_COMMITTED = 'begin isolation level read committed';

/**
 * Begins, and bounds on the server what a process that stopped responding can hold up, all in one round trip: locks it left
 * behind would keep others from taking its lease over. Deliveries may take their time, as they may wait for something else.
 */
const BEGIN = {
  own: `${READ_COMMITTED}; set local statement_timeout = '5s'; set local idle_in_transaction_session_timeout = '10s'`,
  app: "begin; set local idle_in_transaction_session_timeout = '5min'",
} as const;
const LONGEST_STATEMENT_MS = 5 * 60_000;

/**
 * Transactions of the ledger's own pool.
 *
 * @param whose `'own'`: statements of this library only. `'app'`: also the app's, which may take longer.
 * @param longestMs of a statement of the app, where the database has no limit of its own: it ends also when nobody waits
 *   for it any more, and with it the transaction, whose locks and server connection it would hold for ever.
 */
export function poolTransactions(
  source: LedgerSource,
  whose: keyof typeof BEGIN,
  longestMs = LONGEST_STATEMENT_MS,
): TimedRunner<PiPoolClient> {
  const { statementMs, appStatementMs } = source.timeouts;
  const embedded = whose === 'own' ? READ_COMMITTED : 'begin';
  const begin = whose === 'own' ? BEGIN.own : `${BEGIN.app}; ${limited(longestMs)}`;
  return {
    async run(work) {
      const connection = await acquire(source);
      try {
        await connection.query(source.embedded ? embedded : begin, [], statementMs);
        const result = await work(
          (text, values = [], timeoutMs = appStatementMs) => connection.query(text, values, timeoutMs),
          connection.client,
        );
        // After a failed statement that somebody swallowed, PostgreSQL answers a commit with ROLLBACK and no error.
        const { command } = await connection.query('commit', [], statementMs);
        if (command === 'ROLLBACK') throw abortedByCaller();
        return result;
      } catch (error) {
        const isAbandoned = error instanceof AbandonedWork;
        // A server undoes it when the connection is closed. Undone before, it would let what is left of the work, which may
        // have the client, write outside of any transaction.
        if (isAbandoned && !source.embedded) connection.drop();
        await connection.rollback(statementMs);
        if (isAbandoned) connection.drop();
        throw error;
      } finally {
        connection.release();
      }
    },
  };
}

function limited(ms: number): string {
  return `select set_config('statement_timeout', '${Math.ceil(ms)}', true) where current_setting('statement_timeout') = '0'`;
}
