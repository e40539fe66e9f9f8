/** Of every single call to Pi or its chain. */
export interface PiCallOptions {
  /** Ends the call; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** For the whole call, with all its retries and waits. Default: none, `http.timeoutMs` for each attempt. */
  readonly timeoutMs?: number | undefined;
  /** Further attempts, of calls that are safe to repeat. Default: `http.retries`. */
  readonly retries?: number | undefined;
  /** False: a 429 ends the call at once, for a caller who knows when to ask again. Default: true. */
  readonly repeatLimited?: boolean | undefined;
}
