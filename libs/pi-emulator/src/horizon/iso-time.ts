/** Unix seconds as Horizon writes a time: `2026-01-31T12:00:00Z`. */
export function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** Milliseconds as the `Date` header writes a time. */
export function httpDate(milliseconds: number): string {
  return new Date(milliseconds).toUTCString();
}
