import { metrics } from '@opentelemetry/api';
import type { Attributes, Counter, Histogram } from '@opentelemetry/api';

export type PiVerificationOutcome = 'verified' | 'shared' | 'stale' | 'refused' | 'unavailable';

/**
 * What the library tells OpenTelemetry. Without an SDK registered every call here is a no-op of the API package; register the
 * SDK before the app is created, as OpenTelemetry asks for anyway.
 */
export class PiTelemetry {
  private readonly hits: Counter;
  private readonly verifications: Counter;
  private readonly verificationTime: Histogram;
  private readonly app: Attributes;
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
}
