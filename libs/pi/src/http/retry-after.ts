/** Whatever an answer asks for, nobody is kept away longer: years would be a mistake, and overflow timers. */
const LONGEST_MS = 10 * 60_000;

/**
 * `Retry-After` in milliseconds from now, 10 minutes at most: seconds or an HTTP date. Undefined when absent or senseless.
 * @see RFC 9110 §10.2.3
 */
export function retryAfterMs(header: string | string[] | undefined, now = Date.now()): number | undefined {
  const value = (Array.isArray(header) ? header[0] : header)?.trim();
  if (!value) return undefined;
  if (/^\d{1,15}$/.test(value)) return Math.min(Number(value) * 1_000, LONGEST_MS);
  // Date.parse takes much that is no HTTP date ("-5", "1.5"): those begin with a weekday.
  if (!/^[A-Z][a-z]{2,8},? /.test(value)) return undefined;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.min(Math.max(0, date - now), LONGEST_MS);
}
