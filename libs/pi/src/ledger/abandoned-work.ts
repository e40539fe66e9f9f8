import { withDeadline } from './deadline.js';

/**
 * The work in a transaction was given up while it may still run. Its connection is not used again: what is left of the work
 * would write into somebody else's transaction.
 */
export class AbandonedWork extends Error {
  override readonly name = 'AbandonedWork';
}

/** @throws AbandonedWork when `work` takes longer than `ms`; `what` is the subject of the message. */
export function abandonAfter<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  return withDeadline(work, ms, () => new AbandonedWork(`${what} was given up: it did not settle within ${ms} ms`));
}
