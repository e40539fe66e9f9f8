import type { PiTransactionRunner } from '../pi.ports.js';
import { withDeadline } from './deadline.js';
import { abortedByCaller, codeOf, ledgerUnavailable, toLedgerError } from './ledger-errors.js';
import type { LedgerTimeouts } from './ledger-source.js';
import type { TimedRunner } from './timed-query.js';

const IN_FAILED_TRANSACTION = '25P02';

/**
 * The app's own runner, under the promises the ledger makes: it begins within the ledger's time or not at all, a database
 * that went away is a retryable error in time, and it never commits after a failed statement that somebody swallowed. What
 * the work itself throws stays as it is, and is not kept back by a rollback that waits for the statement before it.
 */
export function appTransactions<Handle>(
  runner: PiTransactionRunner<Handle>,
  { statementMs, appStatementMs }: LedgerTimeouts,
): TimedRunner<Handle> {
  return {
    run: (work) =>
      new Promise((resolve, reject) => {
        let thrown: { error: unknown } | undefined;
        // Rejects at once: the runner may wait for its rollback as long as for the statement before it.
        const giveUp = (what: string, ms: number) => {
          const error = ledgerUnavailable('timeout', `${what} took more than ${ms} ms`);
          thrown ??= { error };
          reject(thrown.error);
          return error;
        };
        let end: NodeJS.Timeout | undefined;
        const begin = setTimeout(() => giveUp("the begin of the app's transaction", statementMs), statementMs);
        runner
          .run(async (query, handle) => {
            if (thrown) throw thrown.error;
            clearTimeout(begin);
            clearTimeout(end);
            const timed: Parameters<typeof work>[0] = (text, values, ms = appStatementMs) =>
              withDeadline(query(text, values), ms, () => giveUp("a statement in the app's transaction", ms));
            try {
              const result = await work(timed, handle);
              await timed('select 1', [], statementMs).catch((error: unknown) => {
                throw codeOf(error) === IN_FAILED_TRANSACTION ? abortedByCaller() : error;
              });
              return result;
            } catch (error) {
              thrown ??= { error };
              throw error;
            } finally {
              end = setTimeout(() => giveUp("the end of the app's transaction", statementMs), statementMs);
            }
          })
          .then(resolve, (error: unknown) => reject(thrown ? thrown.error : toLedgerError(error)))
          .finally(() => {
            clearTimeout(begin);
            clearTimeout(end);
          });
      }),
  };
}
