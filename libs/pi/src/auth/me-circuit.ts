import { Logger } from '@nestjs/common';
import {
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  isBrokenCircuitError,
  isIsolatedCircuitError,
} from 'cockatiel';
import type { CircuitBreakerPolicy } from 'cockatiel';
import { PiApiError } from '../errors/pi-api-error.js';
import { PiError } from '../errors/pi-error.js';
import { PiTokenRefusedError } from '../errors/pi-token-refused-error.js';
import { PiUnavailableError } from '../errors/pi-unavailable-error.js';

export type CircuitPosition = 'closed' | 'half-open' | 'open';

/** Failures in a row that open it. */
const FAILURES = 5;
/** While open, one call in this time tries whether Pi is back. */
const PROBE_AFTER_MS = 2_000;
/** Pi may ask for silence with `Retry-After`, but not for none: its clock may differ from ours. */
const SHORTEST_SILENCE_MS = 1_000;

/**
 * Stops asking Pi while Pi cannot answer. A refused token is an answer; a 4xx says nothing either way: whoever knows a token that something before Pi rejects could shut the door for everybody with it.
 * A 429 opens it at once, for as long as Pi asks.
 */
export class MeCircuit {
  private readonly logger = new Logger('PiAuth');
  private readonly policy: CircuitBreakerPolicy;
  private readonly silences = new Set<NodeJS.Timeout>();
  /** By `performance.now()`, which no change of the clock moves. */
  private askedAgainAt = 0;

  constructor() {
    this.policy = circuitBreaker(handleWhen(isFailure), {
      // The wait is kept here: cockatiel's goes by the clock, and one that is set back would keep the door shut.
      halfOpenAfter: Number.NEGATIVE_INFINITY,
      breaker: new ConsecutiveBreaker(FAILURES),
    });
    this.policy.onStateChange((state) => this.moved(state));
  }

  get position(): CircuitPosition {
    if (this.policy.state === CircuitState.Closed) return 'closed';
    return this.policy.state === CircuitState.HalfOpen ? 'half-open' : 'open';
  }

  /** @throws PiUnavailableError when there is no use in asking now. */
  check(): void {
    const wait = this.askedAgainAt - performance.now();
    const probing = this.policy.state === CircuitState.HalfOpen;
    if (this.policy.state === CircuitState.Closed || (wait <= 0 && !probing)) return;
    throw this.restingError(wait);
  }

  /** @param work gets true when it is the one call that tells whether Pi is back. */
  async run<T>(work: (isProbe: boolean) => Promise<T>): Promise<T> {
    this.check();
    const outcome = await this.policy
      .execute(() => work(this.position !== 'closed').catch(asAnswer))
      .catch((error) => {
        if (isBrokenCircuitError(error) || isIsolatedCircuitError(error)) throw this.restingError(0);
        if (error instanceof PiUnavailableError && error.reason === 'rate_limited') throw this.silenced(error);
        throw error;
      });
    if (outcome instanceof PiTokenRefusedError) throw outcome;
    return outcome;
  }

  close(): void {
    for (const timer of this.silences) clearTimeout(timer);
    this.silences.clear();
  }

  private restingError(waitMs: number): PiUnavailableError {
    return new PiUnavailableError({
      reason: 'circuit_open',
      message: 'Pi cannot be asked at the moment, so the access token can be neither accepted nor refused.',
      endpoint: 'GET /me',
      retryAfterMs: Math.max(waitMs, 1_000),
    });
  }

  /** @returns what to tell whoever asked: the time of our silence, which need not be what Pi asked for. */
  private silenced(limited: PiUnavailableError): PiUnavailableError {
    const ms = Math.max(limited.retryAfterMs, SHORTEST_SILENCE_MS);
    const hold = this.policy.isolate();
    this.askedAgainAt = Math.max(this.askedAgainAt, performance.now() + ms);
    const timer = setTimeout(() => {
      this.silences.delete(timer);
      hold.dispose();
    }, ms).unref();
    this.silences.add(timer);
    const { message, reason, endpoint, upstreamStatus } = limited;
    return new PiUnavailableError({ message, reason, endpoint, upstreamStatus, retryAfterMs: ms });
  }

  private moved(state: CircuitState): void {
    if (state === CircuitState.Open) {
      this.askedAgainAt = performance.now() + PROBE_AFTER_MS;
      this.logger.warn(
        `${FAILURES} calls of GET /me in a row failed: Pi is now asked once in ${PROBE_AFTER_MS / 1_000} s until it answers again. Tokens that are not cached get 503.`,
      );
    }
    if (state === CircuitState.Isolated) this.logger.warn('Pi asked for fewer calls (429): GET /me rests until then.');
    if (state === CircuitState.Closed) this.logger.log('Pi is asked again by GET /me.');
  }
}

function isFailure(error: Error): boolean {
  if (error instanceof PiApiError && error.platformStatus !== undefined) {
    return error.platformStatus < 400 || error.platformStatus >= 500;
  }
  return error instanceof PiError;
}

/** So that the breaker takes it for a success: it ends a row of failures. */
function asAnswer(error: unknown): PiTokenRefusedError {
  if (error instanceof PiTokenRefusedError) return error;
  throw error;
}
