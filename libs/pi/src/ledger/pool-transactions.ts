import type { PiPoolClient } from '../pi.ports.js';
import { AbandonedWork } from './abandoned-work.js';
import { acquire, type LedgerSource } from './ledger-source.js';
import { abortedByCaller } from './ledger-errors.js';
import type { TimedRunner } from './timed-query.js';

/**
 * Begins, and bounds on the server what a process that stopped responding can hold up, all in one round trip: locks it left
 * behind would keep others from taking its lease over. Deliveries may take their time, as they may wait for something else.
 */
const BEGIN = {
  own: "begin; set local statement_timeout = '5s'; set local idle_in_transaction_session_timeout = '10s'",
  app: "begin; set local idle_in_transaction_session_timeout = '5min'",
} as const;

/**
 * Transactions of the ledger's own pool.
 *
 * @param whose `'own'`: statements of this library only. `'app'`: also the app's, which may take longer.
 */
export function poolTransactions(source: LedgerSource, whose: keyof typeof BEGIN): TimedRunner<PiPoolClient> {
  const { statementMs, appStatementMs } = source.timeouts;
  return {
    async run(work) {
      const connection = await acquire(source);
      try {
        await connection.query(source.embedded ? 'begin' : BEGIN[whose], [], statementMs);
        const result = await work(
          (text, values = [], timeoutMs = appStatementMs) => connection.query(text, values, timeoutMs),
          connection.client,
        );
        // After a failed statement that somebody swallowed, PostgreSQL answers a commit with ROLLBACK and no error.
        const { command } = await connection.query('commit', [], statementMs);
        if (command === 'ROLLBACK') throw abortedByCaller();
        return result;
      } catch (error) {
        await connection.rollback(statementMs);
        if (error instanceof AbandonedWork) connection.drop();
        throw error;
      } finally {
        connection.release();
      }
    },
  };
}
