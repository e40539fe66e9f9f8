/** Of every single call to Pi or its chain. */
export interface PiCallOptions {
  /** Ends the call; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** For the whole call, with all retries and waits. Default: `http.timeoutMs` of the module. */
  readonly timeoutMs?: number | undefined;
  /** Repetitions after the first try, of calls that are safe to repeat. Default: `http.retries` of the module. */
  readonly retries?: number | undefined;
}
