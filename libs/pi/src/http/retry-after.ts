/**
 * `Retry-After` in milliseconds from now: seconds or an HTTP date. Undefined when absent or senseless.
 * @see RFC 9110 §10.2.3
 */
export function retryAfterMs(header: string | string[] | undefined, now = Date.now()): number | undefined {
  const value = (Array.isArray(header) ? header[0] : header)?.trim();
  if (!value) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  // Date.parse takes much that is no HTTP date ("-5", "1.5"): those begin with a weekday.
  if (!/^[A-Z][a-z]{2,8},? /.test(value)) return undefined;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
