import { metrics } from '@opentelemetry/api';
import type { Attributes, Counter, Histogram } from '@opentelemetry/api';
import type { PiCallReport } from './http/pi-call.js';

export type PiVerificationOutcome = 'verified' | 'shared' | 'stale' | 'refused' | 'unavailable';

/**
 * What the library tells OpenTelemetry. Without an SDK registered every call here is a no-op of the API package; register the
 * SDK before the app is created, as OpenTelemetry asks for anyway.
 */
export class PiTelemetry {
  private readonly hits: Counter;
  private readonly verifications: Counter;
  private readonly verificationTime: Histogram;
  private readonly callTime: Histogram;
  private readonly app: Attributes;
  private readonly calls = new Map<string, Attributes>();
  private readonly outcomes = new Map<PiVerificationOutcome, Attributes>();

  constructor(app: string) {
    const meter = metrics.getMeter('nestjs-pi');
    this.app = { 'pi.app': app };
    this.hits = meter.createCounter('pi.auth.cache.hits', {
      description: 'Requests whose access token was known, without asking Pi or the shared store.',
    });
    this.verifications = meter.createCounter('pi.auth.verifications', {
      description: 'Access tokens checked beyond the first-level cache, by outcome.',
    });
    this.verificationTime = meter.createHistogram('pi.auth.verification.duration', {
      unit: 's',
      description: 'Time until a token was decided on, of those not in the first-level cache.',
    });
    this.callTime = meter.createHistogram('pi.call.duration', {
      unit: 's',
      description:
        'Calls to the Platform API and to Horizon, repetitions included, by endpoint and status (0: no answer).',
    });
  }

  cacheHit(): void {
    this.hits.add(1, this.app);
  }

  verification(outcome: PiVerificationOutcome, startedAt: number): void {
    let attributes = this.outcomes.get(outcome);
    if (!attributes) this.outcomes.set(outcome, (attributes = { ...this.app, outcome }));
    this.verifications.add(1, attributes);
    this.verificationTime.record((performance.now() - startedAt) / 1_000, attributes);
  }

  /** An observer of the clients. Endpoints are templates, so there are few attributes. */
  readonly called = ({ endpoint, status = 0, durationMs }: PiCallReport): void => {
    const key = `${status} ${endpoint}`;
    let attributes = this.calls.get(key);
    if (!attributes) this.calls.set(key, (attributes = { ...this.app, endpoint, status }));
    this.callTime.record(durationMs / 1_000, attributes);
  };
}
