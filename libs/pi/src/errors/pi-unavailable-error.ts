import { PiError } from './pi-error.js';

/** Why there is no answer: `busy` is our own limit, all others are Pi's or the network's. */
export type PiUnavailableReason =
  'network' | 'timeout' | 'status' | 'rate_limited' | 'oversized' | 'busy' | 'circuit_open';

export interface PiUnavailableInit {
  readonly message: string;
  readonly reason: PiUnavailableReason;
  /** When to ask again. Default: 1,000. */
  readonly retryAfterMs?: number | undefined;
  /** Template of the call, e.g. `'GET /payments/{id}'`. */
  readonly endpoint?: string | undefined;
  /** HTTP status of the answer, if there was one. */
  readonly upstreamStatus?: number | undefined;
  readonly cause?: unknown;
}

/**
 * 503: Pi (or its chain) could not be asked, or gave no answer. Of a call that changes something this says nothing: it may have been done.
 * Carries `Retry-After`, and `retryAfterSeconds` in the body.
 */
export class PiUnavailableError extends PiError {
  readonly code = 'PI_UNAVAILABLE' as const;
  readonly retryable = true as const;
  readonly reason: PiUnavailableReason;
  readonly retryAfterMs: number;
  readonly endpoint?: string;
  readonly upstreamStatus?: number;

  constructor(init: PiUnavailableInit) {
    const retryAfterMs = Math.max(0, init.retryAfterMs ?? 1_000);
    super({
      status: 503,
      code: 'PI_UNAVAILABLE',
      message: init.message,
      retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1_000)),
      cause: init.cause,
    });
    this.reason = init.reason;
    this.retryAfterMs = retryAfterMs;
    if (init.endpoint !== undefined) this.endpoint = init.endpoint;
    if (init.upstreamStatus !== undefined) this.upstreamStatus = init.upstreamStatus;
  }
}
