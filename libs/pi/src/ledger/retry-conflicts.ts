import { setTimeout as sleep } from 'node:timers/promises';
import { isConflict } from './ledger-errors.js';

const ATTEMPTS = 5;

/**
 * Runs a transaction again that PostgreSQL undid because it met another one (40001 serialisation failure, 40P01 deadlock).
 * Only for transactions of the library: a delivery of the app is retried by its own rules, with a record of it.
 */
export async function retryConflicts<T>(transaction: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await transaction();
    } catch (error) {
      if (attempt === ATTEMPTS || !isConflict(error)) throw error;
      await sleep(Math.random() * 10 * 2 ** attempt);
    }
  }
}
