import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { SpanKind, SpanStatusCode, metrics, trace } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { A2UService, PaymentsService, PiAuthService, PiModule } from 'nestjs-pi';
import type { Pioneer, PiModuleOptions } from 'nestjs-pi';
import { PiEmulator } from 'pi-emulator';
import { createPostgres, run, type TestDatabase } from '../../../test/support/database.js';
import { eventually } from '../../../test/support/eventually.js';
import { StagedMe } from '../../../test/support/staged-me.js';

const exported = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: exported, exportIntervalMillis: 3_600_000 });
const spans = new InMemorySpanExporter();
/** Sees only what is observed from one look to the next. */
const fresh = new InMemoryMetricExporter(AggregationTemporality.DELTA);
const freshReader = new PeriodicExportingMetricReader({ exporter: fresh, exportIntervalMillis: 3_600_000 });
const meters = new MeterProvider({ readers: [reader, freshReader] });
const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });

let app: INestApplicationContext;
async function start(options: Partial<PiModuleOptions>, name = 'shop'): Promise<INestApplicationContext> {
  const module = PiModule.forRoot({
    apiKey: 'key',
    network: 'testnet',
    http: { retries: 0 },
    name,
    ...options,
  } as never);
  const testing = await Test.createTestingModule({ imports: [module] }).compile();
  return (app = await testing.init());
}

/** Every data point of one metric as it stands now: attributes without the app, and value. */
async function points(metric: string): Promise<[Record<string, unknown>, unknown][]> {
  exported.reset();
  await reader.forceFlush();
  const all = exported.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  const found = all
    .filter(({ descriptor }) => descriptor.name === metric)
    .flatMap(({ dataPoints }): { attributes: Record<string, unknown>; value: unknown }[] => dataPoints);
  return found.map(({ attributes: { 'pi.app': _app, ...attributes }, value }) => [attributes, value]);
}

const gauges = (exporter: InMemoryMetricExporter): string[] =>
  exporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
    .filter(({ dataPoints }) => dataPoints.length > 0)
    .map(({ descriptor }) => descriptor.name);

beforeAll(() => {
  metrics.setGlobalMeterProvider(meters);
  trace.setGlobalTracerProvider(tracers);
});
afterAll(async () => {
  metrics.disable();
  trace.disable();
  await meters.shutdown();
  await tracers.shutdown();
});
beforeEach(() => spans.reset());
afterEach(() => app.close());

describe('what OpenTelemetry is told of sign-in', () => {
  let pi: StagedMe;
  let auth: PiAuthService;
  beforeEach(async () => {
    pi = await StagedMe.start();
    await start({ platformUrl: pi.platformUrl, auth: { cacheMs: 250, staleIfErrorMs: 60_000 } });
    auth = app.get(PiAuthService).forApp('shop');
  });
  afterEach(() => pi.stop());

  it('verifications by outcome, hits of the cache, calls and their time, the circuit: and no token', async () => {
    await auth.verify('secret_good');
    auth.peek('secret_good');
    pi.behaviour = StagedMe.refuse;
    await auth.verify('secret_bad').catch(() => undefined);
    pi.behaviour = () => ({ status: 500 });
    await eventually(() => auth.peek('secret_good') === undefined);
    await auth.verify('secret_good');
    expect(await points('pi.auth.circuit.state')).toEqual([[{}, 0]]);
    for (let i = 0; i < 4; i += 1) await auth.verify(`secret_new${i}`).catch(() => undefined);

    expect(Object.fromEntries((await points('pi.auth.verifications')).map(([{ outcome }, n]) => [outcome, n]))).toEqual(
      {
        verified: 1,
        refused: 1,
        stale: 1,
        unavailable: 4,
      },
    );
    expect((await points('pi.auth.cache.hits'))[0]?.[1]).toBeGreaterThanOrEqual(1);
    expect(await points('pi.auth.circuit.state')).toEqual([[{}, 2]]);
    const calls = await points('pi.call.duration');
    expect(calls.map(([attributes, value]) => [attributes, (value as { count: number }).count])).toEqual([
      [{ endpoint: 'GET /me', status: 200 }, 1],
      [{ endpoint: 'GET /me', status: 401 }, 1],
      [{ endpoint: 'GET /me', status: 500 }, 5],
    ]);
    expect(JSON.stringify(exported.getMetrics())).not.toContain('secret');
  });

  it('refusals that Pi was not asked for', async () => {
    pi.behaviour = StagedMe.refuse;
    for (const token of ['secret_bad', 'secret_bad', 'secret_bad', 'no token at all']) {
      await auth.verify(token).catch(() => undefined);
    }
    expect(pi.calls).toEqual(['secret_bad']);
    expect(await points('pi.auth.cache.refusals')).toEqual([
      [{ reason: 'refused' }, 2],
      [{ reason: 'malformed' }, 1],
    ]);
  });

  it('verifications that a shared store, or the cache beside one that is down, has spared Pi', async () => {
    const held = new Map<string, unknown>();
    const store = {
      get: async (key: string) => held.get(key),
      set: async (key: string, value: unknown) => held.set(key, value),
      delete: async (key: string) => held.delete(key),
    };
    const options = { platformUrl: pi.platformUrl, auth: { store } };
    await app.close();
    await start(options);
    await app.get(PiAuthService).forApp('shop').verify('secret_good');
    await app.close();
    await start(options);
    auth = app.get(PiAuthService).forApp('shop');
    await auth.verify('secret_good');
    jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    store.get = () => Promise.reject(new Error('store is down'));
    await eventually(() => auth.peek('secret_good') === undefined);
    await auth.verify('secret_good');
    jest.restoreAllMocks();
    expect(pi.calls).toEqual(['secret_good']);
    const told = await points('pi.auth.verifications');
    for (const outcome of ['shared', 'kept']) expect(told).toContainEqual([{ outcome }, 1]);
  });

  it('a span for each check and each call, failures marked: and no token', async () => {
    await auth.verify('secret_good');
    pi.behaviour = () => ({ status: 500 });
    await auth.verify('secret_new').catch(() => undefined);
    const seen = spans.getFinishedSpans().map(({ name, kind, status, attributes }) => ({
      name,
      kind,
      failed: status.code === SpanStatusCode.ERROR,
      told: attributes['outcome'] ?? attributes['status'],
    }));
    expect(seen).toEqual([
      { name: 'GET /me', kind: SpanKind.CLIENT, failed: false, told: 200 },
      { name: 'pi.auth.verify', kind: SpanKind.INTERNAL, failed: false, told: 'verified' },
      { name: 'GET /me', kind: SpanKind.CLIENT, failed: true, told: 500 },
      { name: 'pi.auth.verify', kind: SpanKind.INTERNAL, failed: true, told: 'unavailable' },
    ]);
    const said = spans.getFinishedSpans().map(({ name, attributes, events }) => ({ name, attributes, events }));
    expect(JSON.stringify(said)).not.toContain('secret');
  });

  it('nothing any more once the app is closed', async () => {
    await freshReader.forceFlush();
    expect(gauges(fresh)).toContain('pi.auth.circuit.state');
    fresh.reset();
    await app.close();
    await freshReader.forceFlush();
    expect(gauges(fresh)).not.toContain('pi.auth.circuit.state');
  });
});

describe('what OpenTelemetry is told of payments', () => {
  let emulator: PiEmulator;
  let database: TestDatabase;
  let payments: PaymentsService;
  let pioneer: Pioneer;
  beforeEach(async () => {
    emulator = await PiEmulator.start({ port: 0, ledgerMs: 50 });
    database = await createPostgres();
    const { apiKey, platformUrl, horizonUrl } = emulator;
    await start({ apiKey, platformUrl, horizonUrl, ledger: database.ledger }, '');
    payments = app.get(PaymentsService);
    pioneer = { uid: (await emulator.createPioneer()).uid } as Pioneer;
  });
  afterEach(async () => {
    await app.close();
    await database.drop();
    await emulator.stop();
  });

  const openPayments = async () =>
    Object.fromEntries((await points('pi.payments.open')).map(([{ state }, n]) => [state, n]));
  const sell = async () =>
    (await emulator.createPayment(pioneer.uid, { amount: 1, memo: 'A mug', metadata: { a: 1 } })).identifier;
  const none = { seen: 0, approving: 0, approved: 0, completing: 0, completed: 0, cancelled: 0, refused: 0 };

  it('by state, whatever else is `refused`: a token, told of before', async () => {
    await app
      .get(PiAuthService)
      .verify('emulated_invented')
      .catch(() => undefined);
    expect(await points('pi.auth.verifications')).toContainEqual([{ outcome: 'refused' }, 1]);
    expect(await openPayments()).toEqual({ ...none, needs_review: 0 });
  });

  it('those with a next step to come, and those that wait for a person, by state; zeros as well', async () => {
    expect(await openPayments()).toEqual({ ...none, needs_review: 0 });
    const id = await sell();
    await payments.approve(id, pioneer, { amount: 1 });
    expect(await openPayments()).toEqual({ ...none, approved: 1, needs_review: 0 });

    // Nothing handles 'completed' here: paid, and the delivery is owed.
    const { txid } = await emulator.signPayment(id);
    await payments.complete(id, txid);
    expect(await openPayments()).toEqual({ ...none, completed: 1, needs_review: 0 });

    const unapproved = await sell();
    await fetch(`${emulator.platformUrl}/payments/${unapproved}/approve`, {
      method: 'POST',
      headers: { authorization: `Key ${emulator.apiKey}` },
    });
    const signed = await emulator.signPayment(unapproved);
    await payments.complete(unapproved, signed.txid).catch(() => undefined);
    expect(await openPayments()).toEqual({ ...none, completed: 1, needs_review: 1 });

    await payments.resolve(unapproved, { action: 'dismiss', by: 'ada' });
    expect(await openPayments()).toEqual({ ...none, completed: 1, needs_review: 0 });
  }, 60_000);

  it('nothing any more once the app is closed', async () => {
    await freshReader.forceFlush();
    expect(gauges(fresh)).toContain('pi.payments.open');
    fresh.reset();
    await app.close();
    await freshReader.forceFlush();
    expect(gauges(fresh)).not.toContain('pi.payments.open');
  });
});

describe('what OpenTelemetry is told of payouts', () => {
  let emulator: PiEmulator;
  let database: TestDatabase;
  beforeEach(async () => {
    emulator = await PiEmulator.start({ port: 0, ledgerMs: 'manual' });
    database = await createPostgres();
  });
  afterEach(async () => {
    await app.close();
    await database.drop();
    await emulator.stop();
  });

  const openPayouts = async () =>
    Object.fromEntries(
      (await points('pi.payouts.open')).filter(([, n]) => n !== 0).map(([{ state }, n]) => [state, n]),
    );

  /** No quicker: each is five seconds of the chain, and an attempt lives for two minutes of it. */
  const nextLedger = async () => {
    await emulator.closeLedger();
    await sleep(100);
  };

  const allMoves = async (): Promise<Record<string, number>> =>
    Object.fromEntries((await points('pi.payouts.moves')).map(([{ state }, n]) => [String(state), Number(n)]));

  it('payouts by state, and the lag of their lane', async () => {
    await start(
      {
        apiKey: emulator.apiKey,
        platformUrl: emulator.platformUrl,
        horizonUrl: emulator.horizonUrl,
        ledger: database.ledger,
        wallets: [{ name: 'main', signer: { seed: emulator.wallet.seed } }],
      },
      '',
    );
    const { uid } = await emulator.createPioneer({ scopes: ['username', 'payments', 'wallet_address'] });
    const payouts = app.get(A2UService);
    const { id } = await payouts.pay({ idempotencyKey: 'k', uid, amount: 1, memo: 'm', metadata: { a: 1 } });
    await eventually(async () => (await payouts.get(id))?.state === 'signed');
    expect(await openPayouts()).toEqual({ signed: 1 });
    const [lag] = await points('pi.lane.lag');
    expect(lag).toEqual([{ wallet: 'main' }, expect.any(Number)]);
    expect(lag?.[1]).toBeGreaterThan(0);

    await eventually(
      async () => {
        await nextLedger();
        return (await payouts.get(id))?.state === 'completed';
      },
      { withinMs: 15_000 },
    );
    expect(await openPayouts()).toEqual({});
    expect(await points('pi.lane.lag')).toEqual([[{ wallet: 'main' }, 0]]);
    expect(await allMoves()).toMatchObject({ requested: 1, created: 1, signed: 1, paid: 1, completed: 1 });
  }, 60_000);

  it("moves that no lane makes: a person's, and those of a recovery", async () => {
    const { url } = database.ledger as { url: string };
    const { apiKey, platformUrl, horizonUrl } = emulator;
    const wallets = [{ signer: { seed: emulator.wallet.seed } }];
    const options = { apiKey, platformUrl, horizonUrl, ledger: database.ledger, wallets };
    await start(options, '');
    const { uid } = await emulator.createPioneer({ scopes: ['username', 'payments', 'wallet_address'] });
    const request = { idempotencyKey: 'k', uid, amount: 1, memo: 'm' };
    const { id } = await app.get(A2UService).pay(request);
    await eventually(
      async () => {
        await nextLedger();
        return (await app.get(A2UService).get(id))?.state === 'completed';
      },
      { withinMs: 15_000 },
    );
    await app.close();

    // Another instance holds the lane, as far as the next one can see.
    await run(
      url,
      `update pi.leases set expires_at = now() + interval '1 day'`,
      `update pi.payouts set state = 'needs_review', review = 'paid_but_cancelled'`,
    );
    await start(options, '');
    let known = await allMoves();
    const moved = async () => {
      const [before, now] = [known, await allMoves()];
      known = now;
      const added = Object.entries(now).map(([state, n]) => [state, n - (before[state] ?? 0)] as const);
      return Object.fromEntries(added.filter(([, n]) => n !== 0));
    };
    const payouts = app.get(A2UService);
    await payouts.resolve(id, { action: 'retry', by: 'amara@example.com' });
    expect(await moved()).toEqual({ paid: 1 });
    await payouts.pay(request);
    expect(await moved()).toEqual({});

    await run(
      url,
      'alter table pi.payout_attempts disable trigger all',
      'alter table pi.payout_events disable trigger all',
      'delete from pi.payout_attempts',
      'delete from pi.payout_events',
      'delete from pi.payouts',
    );
    await payouts.recover();
    expect(await moved()).toEqual({ requested: 1, completed: 1 });
    await payouts.recover();
    expect(await moved()).toEqual({});
  }, 60_000);
});
