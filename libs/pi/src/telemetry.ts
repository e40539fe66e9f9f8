import type * as OpenTelemetry from '@opentelemetry/api';
import type { Attributes, Counter, Histogram, Meter, ObservableResult, Span, Tracer } from '@opentelemetry/api';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { LaneReport } from './a2u/lane-report.js';
import type { PayoutState } from './a2u/payout.js';
import type { CircuitPosition } from './auth/me-circuit.js';
import type { PiTokenRefusal } from './errors/pi-token-refused-error.js';
import type { PiCallReport } from './http/pi-call.js';
import type { PaymentReport } from './payments/payment-report.js';
import { PAYMENT_STATES } from './payments/payment-state.js';

/**
 * How one check of a token ended: by an answer of Pi (`verified`, `refused`), by what another instance had verified (`shared`), by our own
 * cache while the shared store was silent (`kept`) or while Pi was (`stale`), without an answer (`unavailable`), or with nobody left to wait
 * for its turn (`given_up`).
 */
export type PiVerificationOutcome = 'verified' | 'shared' | 'kept' | 'stale' | 'refused' | 'unavailable' | 'given_up';

const SCOPE = 'nestjs-pi';
const OPEN_STATES: readonly PayoutState[] = [
  'requested',
  'created',
  'signed',
  'submitted',
  'paid',
  'cancelling',
  'needs_review',
];
/** All that a payment can be in while something is still to be done about it. */
const OPEN_PAYMENT_STATES = PAYMENT_STATES.filter((state) => state !== 'delivered');
const POSITIONS: Readonly<Record<CircuitPosition, number>> = { closed: 0, 'half-open': 1, open: 2 };

/**
 * What the library tells OpenTelemetry: numbers, outcomes and endpoint templates, never a token, a uid or an address. Without an SDK
 * every call here is a no-op of the API package, and nobody asks the ledger. Register the SDK before the app is created.
 */
export class PiTelemetry implements OnApplicationShutdown {
  private readonly meter: Meter;
  private readonly tracer: Tracer;
  private readonly app: Attributes;
  private readonly known = new Map<string, Attributes>();
  private readonly ends: (() => void)[] = [];
  private readonly hits: Counter;
  private readonly refusals: Counter;
  private readonly verifications: Counter;
  private readonly verificationTime: Histogram;
  private readonly callTime: Histogram;
  private readonly moves: Counter;

  /** @param api loaded by whoever builds the module: it would be a tenth of the cost of importing nestjs-pi. */
  constructor(
    app: string,
    private readonly api: typeof OpenTelemetry,
  ) {
    this.meter = api.metrics.getMeter(SCOPE);
    this.tracer = api.trace.getTracer(SCOPE);
    this.app = { 'pi.app': app };
    this.hits = this.meter.createCounter('pi.auth.cache.hits', {
      description: 'Requests whose access token was known, without asking Pi or the shared store.',
    });
    this.refusals = this.meter.createCounter('pi.auth.cache.refusals', {
      description: 'Requests refused without asking: the token was refused a moment ago, or is none at all.',
    });
    this.verifications = this.meter.createCounter('pi.auth.verifications', {
      description: 'Access tokens checked beyond the first-level cache, by outcome.',
    });
    this.verificationTime = this.meter.createHistogram('pi.auth.verification.duration', {
      unit: 's',
      description: 'Time until a token was decided on, of those not in the first-level cache.',
    });
    this.callTime = this.meter.createHistogram('pi.call.duration', {
      unit: 's',
      description:
        'Calls to the Platform API and to Horizon, repetitions included, by endpoint and status (0: no answer).',
    });
    this.moves = this.meter.createCounter('pi.payouts.moves', {
      description: 'Payouts that entered a state, counted once, by the instance that moved them.',
    });
  }

  cacheHit(): void {
    this.quietly(() => this.hits.add(1, this.app));
  }

  refusedAtOnce(reason: PiTokenRefusal): void {
    this.quietly(() => this.refusals.add(1, this.attributes({ reason })));
  }

  /** Runs one check of a token in a span of its own, and counts how it went. A check that ends undecided was given up. */
  async verification<T>(work: (decided: (outcome: PiVerificationOutcome) => void) => Promise<T>): Promise<T> {
    const { context, trace } = this.api;
    const startedAt = performance.now();
    const span = this.quietly(() => this.tracer.startSpan('pi.auth.verify', { attributes: this.app }));
    let ended: PiVerificationOutcome | undefined;
    const decided = (outcome: PiVerificationOutcome): void => {
      if (ended) return;
      ended = outcome;
      this.verified(outcome, performance.now() - startedAt, span);
    };
    let check: Promise<T> | undefined;
    const begin = () => (check ??= work(decided));
    if (span) this.quietly(() => void context.with(trace.setSpan(context.active(), span), begin));
    return begin().finally(() => {
      decided('given_up');
      this.quietly(() => span?.end());
    });
  }

  private verified(outcome: PiVerificationOutcome, durationMs: number, span: Span | undefined): void {
    this.quietly(() => {
      const attributes = this.attributes({ outcome });
      this.verifications.add(1, attributes);
      this.verificationTime.record(durationMs / 1_000, attributes);
    });
    this.quietly(() => {
      span?.setAttribute('outcome', outcome);
      if (outcome === 'unavailable') span?.setStatus({ code: this.api.SpanStatusCode.ERROR });
    });
  }

  /** An observer of the clients. Endpoints are templates, so there are few attributes. */
  readonly called = ({ endpoint, status = 0, attempts, durationMs }: PiCallReport): void => {
    const attributes = this.attributes({ endpoint, status });
    this.quietly(() => this.callTime.record(durationMs / 1_000, attributes));
    this.quietly(() => {
      const span = this.tracer.startSpan(endpoint, {
        kind: this.api.SpanKind.CLIENT,
        startTime: Date.now() - durationMs,
        attributes: { ...attributes, attempts },
      });
      if (status === 0 || status >= 500) span.setStatus({ code: this.api.SpanStatusCode.ERROR });
      span.end();
    });
  };

  readonly payoutMoved = (state: PayoutState): void => {
    this.quietly(() => this.moves.add(1, this.attributes({ state })));
  };

  /** 0 closed, 1 half-open, 2 open. */
  watchCircuit(position: () => CircuitPosition): void {
    const gauge = this.meter.createObservableGauge('pi.auth.circuit.state', {
      description: 'The circuit breaker around GET /me: 0 closed, 1 half-open, 2 open.',
    });
    const look = (result: ObservableResult): void => result.observe(POSITIONS[position()], this.app);
    gauge.addCallback(look);
    this.ends.push(() => gauge.removeCallback(look));
  }

  /** Asks the ledger when, and only when, a reader collects. */
  watchLanes(report: () => Promise<readonly LaneReport[]>): void {
    const payouts = this.meter.createObservableGauge('pi.payouts.open', {
      description: 'Payouts not settled, by state and wallet.',
    });
    const lag = this.meter.createObservableGauge('pi.lane.lag', {
      unit: 's',
      description: 'Age of the oldest open payout of a wallet.',
    });
    const look = async (result: { observe(metric: typeof lag, value: number, attributes: Attributes): void }) => {
      for (const { wallet, states, lagMs } of await report()) {
        result.observe(lag, lagMs / 1_000, { ...this.app, wallet });
        // Zeros as well: a reader keeps the last value it saw.
        for (const state of OPEN_STATES) {
          result.observe(payouts, states[state] ?? 0, { ...this.app, wallet, state });
        }
      }
    };
    this.meter.addBatchObservableCallback(look, [payouts, lag]);
    this.ends.push(() => this.meter.removeBatchObservableCallback(look, [payouts, lag]));
  }

  /** Asks the ledger when, and only when, a reader collects. */
  watchPayments(report: () => Promise<PaymentReport>): void {
    const payments = this.meter.createObservableGauge('pi.payments.open', {
      description: 'Payments of Pioneers with a next step to come, or waiting for a person, by state.',
    });
    const look = async (result: ObservableResult): Promise<void> => {
      const { states } = await report();
      for (const state of OPEN_PAYMENT_STATES) result.observe(states[state] ?? 0, this.attributes({ state }));
    };
    payments.addCallback(look);
    this.ends.push(() => payments.removeCallback(look));
  }

  onApplicationShutdown(): void {
    for (const end of this.ends.splice(0)) end();
  }

  /** What fails in the telemetry of the app (an exporter, a processor of spans) changes no check, no call and no payout. */
  private quietly<T>(tell: () => T): T | undefined {
    try {
      return tell();
    } catch (error) {
      this.api.diag.error('nestjs-pi could not tell OpenTelemetry what it saw.', error);
      return undefined;
    }
  }

  /** The same objects again and again: these are on the path of every call. */
  private attributes(own: Record<string, string | number>): Attributes {
    const key = Object.entries(own).join(' ');
    let attributes = this.known.get(key);
    if (!attributes) this.known.set(key, (attributes = { ...this.app, ...own }));
    return attributes;
  }
}
