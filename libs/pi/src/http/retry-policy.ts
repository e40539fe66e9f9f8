import type { PiOutcome } from './exchange.js';
import { retryAfterMs } from './retry-after.js';

/** First ceiling of the random wait; it doubles with each attempt. */
const BASE_MS = 100;
const CEILING_MS = 2_000;
/** A longer `Retry-After` is for the caller to wait. */
const RETRY_AFTER_CAP_MS = 5_000;

const RETRYABLE_STATUS: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * How long to wait before the next attempt; undefined when there is nothing to gain from one. Full jitter, so that clients that failed
 * together do not return together. Whether the call is *safe* to repeat is for the caller to know.
 *
 * @param attempt number of the attempt that just ended, from 0
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function retryDelayMs(
  outcome: PiOutcome,
  attempt: number,
  random: () => number = Math.random,
): number | undefined {
  if (outcome.kind === 'aborted' || outcome.kind === 'oversized') return undefined;
  if (outcome.kind === 'answer') {
    if (!RETRYABLE_STATUS.has(outcome.status)) return undefined;
    const asked = retryAfterMs(outcome.headers['retry-after']);
    if (asked !== undefined) return asked <= RETRY_AFTER_CAP_MS ? asked : undefined;
  }
  return random() * Math.min(CEILING_MS, BASE_MS * 2 ** attempt);
}
