import type { PiTransactionRunner } from '../pi.ports.js';
import { withDeadline } from './deadline.js';
import { ledgerUnavailable, toLedgerError } from './ledger-errors.js';
import type { LedgerTimeouts } from './ledger-source.js';

/**
 * The app's own runner, under the promises the ledger makes: it begins within the ledger's time or not at all, its failure to
 * begin or commit is a retryable error, and it never commits after a failed statement that somebody swallowed. What the work
 * itself throws stays as it is.
 */
export function appTransactions<Handle>(
  runner: PiTransactionRunner<Handle>,
  { connectMs, statementMs }: LedgerTimeouts,
): PiTransactionRunner<Handle> {
  const beginMs = connectMs + statementMs;
  return {
    async run(work) {
      const late = () => ledgerUnavailable('timeout', `the app's transaction did not begin within ${beginMs} ms`);
      let givenUp = false;
      let thrown: { error: unknown } | undefined;
      let begin!: () => void;
      const begun = new Promise<void>((resolve) => (begin = resolve));
      const running = runner
        .run(async (query, handle) => {
          if (givenUp) throw late();
          begin();
          try {
            const result = await work(query, handle);
            await query('select 1');
            return result;
          } catch (error) {
            thrown = { error };
            throw error;
          }
        })
        .catch((error: unknown) => {
          throw thrown ? thrown.error : toLedgerError(error);
        });
      await withDeadline(Promise.race([begun, running]), beginMs, () => {
        givenUp = true;
        return late();
      });
      return running;
    },
  };
}
