import type { INestApplicationContext } from '@nestjs/common';
import { createNoopMeter, diag, metrics, trace } from '@opentelemetry/api';
import type { MeterProvider } from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { PiPlatformClient } from 'nestjs-pi';
import { eventually } from '../../../test/support/eventually.js';
import { outcomeOf, startSignIn } from '../../../test/support/sign-in.js';
import { StagedMe } from '../../../test/support/staged-me.js';

const fail = (): never => {
  throw new Error('of the telemetry of the app');
};
const nothing = { shutdown: async () => undefined, forceFlush: async () => undefined };
const traceWith = (processor: SpanProcessor) =>
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }));
const failing: MeterProvider = {
  getMeter: () =>
    Object.assign(Object.create(createNoopMeter()) as ReturnType<typeof createNoopMeter>, {
      createCounter: () => ({ add: fail }),
      createHistogram: () => ({ record: fail }),
    }),
};

let pi: StagedMe;
let app: INestApplicationContext;
const errors: string[] = [];
beforeEach(async () => {
  pi = await StagedMe.start();
  const ignore = () => undefined;
  const error = (...said: unknown[]) => void errors.push(said.map(String).join(' '));
  diag.setLogger({ error, warn: ignore, info: ignore, debug: ignore, verbose: ignore });
});
afterEach(async () => {
  await app.close();
  await pi.stop();
  metrics.disable();
  trace.disable();
  diag.disable();
  errors.length = 0;
});

describe.each<[string, () => unknown]>([
  ['the start of a span', () => traceWith({ onStart: fail, onEnd: () => undefined, ...nothing })],
  ['the end of a span', () => traceWith({ onStart: () => undefined, onEnd: fail, ...nothing })],
  ['a meter', () => metrics.setGlobalMeterProvider(failing)],
])('a failure in the telemetry of the app (%s)', (_title, breakIt) => {
  it('closes no door', async () => {
    breakIt();
    const { auth, ...started } = await startSignIn(pi);
    ({ app } = started);
    expect(await outcomeOf(auth.verify('good'))).toBe('accepted');
    expect(auth.peek('good')).toBeDefined();
    pi.behaviour = StagedMe.refuse;
    expect(await outcomeOf(auth.verify('bad'))).toMatchObject({ code: 'PI_TOKEN_REFUSED' });
    expect(pi.calls).toEqual(['good', 'bad']);
    expect(errors).toContainEqual(expect.stringContaining('of the telemetry of the app'));
  });

  it('hides no answer of Pi: a payment that was made would be taken for one that failed', async () => {
    breakIt();
    ({ app } = await startSignIn(pi));
    pi.behaviour = () => ({ status: 200, body: { incomplete_server_payments: [] } });
    expect(await outcomeOf(app.get(PiPlatformClient).incompleteServerPayments())).toBe('accepted');
  });
});

it('the span of a check that its callers gave up says so', async () => {
  const ended: ReadableSpan[] = [];
  traceWith({ onStart: () => undefined, onEnd: (span) => ended.push(span), ...nothing });
  const { auth, ...started } = await startSignIn(pi, { concurrentChecks: 1 });
  ({ app } = started);
  pi.behaviour = () => 'hold';
  const first = auth.verify('first');
  await eventually(() => pi.open === 1);
  const gone = new AbortController();
  const waiting = outcomeOf(auth.verify('t', { signal: gone.signal }));
  gone.abort();
  await waiting;
  pi.behaviour = StagedMe.accept;
  pi.release();
  await first;
  const span = await eventually(() => ended.find(({ attributes }) => attributes['outcome'] === 'given_up'));
  expect(span?.name).toBe('pi.auth.verify');
});
