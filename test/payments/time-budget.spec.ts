import { setTimeout as sleep } from 'node:timers/promises';
import { PiEmulator } from 'pi-emulator';
import pg from 'pg';
import type { PiPool } from 'nestjs-pi';
import { createPostgres, type TestDatabase } from '../support/database.js';
import { PaymentShop } from '../support/payment-shop.js';
import { TcpProxy } from '../support/tcp-proxy.js';

jest.setTimeout(60_000);

const BOUND_MS = 3_000;
const HORIZON = '^/(transactions|accounts|ledgers|fee_stats)';

async function timed<T>(work: Promise<T>): Promise<{ answer: T; ms: number }> {
  const start = Date.now();
  return { answer: await work, ms: Date.now() - start };
}

describe('The answer to a callback', () => {
  let pi: PiEmulator;
  let database: Awaited<ReturnType<typeof createPostgres>>;
  const closing: (() => unknown)[] = [];

  beforeAll(async () => {
    pi = await PiEmulator.start({ port: 0, ledgerMs: 50 });
    database = await createPostgres();
  });
  afterEach(async () => {
    pi.clearFaults();
    for (const close of closing.splice(0).toReversed()) await close();
  });
  afterAll(async () => {
    await pi?.stop();
    await database?.drop();
  });

  async function open(ledger: TestDatabase['ledger'] | { pool: PiPool }): Promise<PaymentShop> {
    const shop = await PaymentShop.start({ pi, database, options: { ledger } });
    closing.push(() => shop.close());
    return shop;
  }

  async function wanted() {
    const pioneer = await pi.createPioneer();
    const request = { amount: 1.5, memo: 'A mug', metadata: { productId: 'mug' } };
    const { identifier: paymentId } = await pi.createPayment(pioneer.uid, request);
    return { paymentId, approve: { paymentId, accessToken: pioneer.accessToken } };
  }

  async function signed(shop: PaymentShop) {
    const { paymentId, approve } = await wanted();
    expect(await shop.post('approve', approve)).toMatchObject({ status: 200 });
    const { txid: transactionId } = await pi.signPayment(paymentId);
    return { paymentId, transactionId };
  }

  it('comes within 3 s while each call of Horizon takes 1 s', async () => {
    const shop = await open(database.ledger);
    pi.addFault({ match: { path: HORIZON }, fault: 'latency', latencyMs: 1_000 });
    const { answer, ms } = await timed(shop.post('complete', await signed(shop)));
    expect(answer).toMatchObject({ status: 200, body: { status: 'delivered' } });
    expect(ms).toBeLessThan(BOUND_MS);
  });

  it('comes within 3 s for a transaction that is not there, while each call of Horizon takes 1 s', async () => {
    const shop = await open(database.ledger);
    const { paymentId, approve } = await wanted();
    await shop.post('approve', approve);
    pi.addFault({ match: { path: HORIZON }, fault: 'latency', latencyMs: 1_000 });
    const { answer, ms } = await timed(shop.post('complete', { paymentId, transactionId: 'ab'.repeat(32) }));
    expect(answer).toMatchObject({ status: 409, body: { errorCode: 'PI_TX_NOT_FOUND' } });
    expect(answer.headers.get('retry-after')).toBe('2');
    expect(ms).toBeLessThan(BOUND_MS);
  });

  it('comes within 3 s while each statement of the database takes 100 ms', async () => {
    const shop = await open({ pool: slowPool(database.url, 100) });
    const { paymentId, approve } = await wanted();
    const approved = await timed(shop.post('approve', approve));
    expect(approved.answer).toMatchObject({ status: 200, body: { status: 'approved' } });
    expect(approved.ms).toBeLessThan(BOUND_MS);

    const { txid: transactionId } = await pi.signPayment(paymentId);
    const completed = await timed(shop.post('complete', { paymentId, transactionId }));
    expect(completed.answer).toMatchObject({ status: 200, body: { status: 'delivered' } });
    expect(completed.ms).toBeLessThan(BOUND_MS);
  });

  it('does not wait behind a flood of invented identifiers for its turn at a slow database', async () => {
    // One by one, on the pool's ten connections, the flood would take 7.5 s.
    const shop = await open({ pool: slowPool(database.url, 300) });
    const complete = await signed(shop);
    const flood = Promise.all(
      Array.from({ length: 250 }, (_, index) => shop.post('cancel', { paymentId: `${'x'.repeat(20)}${index}` })),
    );
    const { answer, ms } = await timed(shop.post('complete', complete));
    expect(answer).toMatchObject({ status: 200, body: { status: expect.stringMatching(/^(completed|delivered)$/) } });
    expect(ms).toBeLessThan(6_000);
    expect(new Set((await flood).map(({ status }) => status))).toEqual(new Set([404, 503]));
  });

  /** A pool of the app's own whose every statement takes its time. */
  function slowPool(connectionString: string, ms: number): PiPool {
    const pool = new pg.Pool({ connectionString });
    closing.push(() => pool.end());
    return {
      end: () => pool.end(),
      connect: async () => {
        const client = await pool.connect();
        return {
          query: async (text, values) => {
            await sleep(ms);
            return client.query(text, values);
          },
          release: (error) => client.release(error as Error | undefined),
        };
      },
    };
  }

  it.each([
    ['Horizon breaks connections', { match: { path: HORIZON }, fault: 'drop_before' as const }],
    ['Horizon does not answer', { match: { path: HORIZON }, fault: 'latency' as const, latencyMs: 60_000 }],
    // Of Pi itself 2.5 s are waited for: its answers are slower than Horizon's on an ordinary day.
    ['Pi breaks connections', { match: { path: '/v2' }, fault: 'drop_before' as const }],
    ['Pi does not answer', { match: { path: '/v2' }, fault: 'latency' as const, latencyMs: 60_000 }],
    ['Pi answers 500', { match: { path: '/v2' }, fault: 'error' as const, status: 500 }],
  ])('is a retryable error, not a hang, when %s', async (_outage, fault) => {
    const shop = await open(database.ledger);
    const complete = await signed(shop);
    const { approve } = await wanted();
    pi.addFault(fault);
    const calls = [
      shop.post('complete', complete),
      ...(fault.match.path === '/v2' ? [shop.post('approve', approve)] : []),
    ];
    for (const { answer, ms } of await Promise.all(calls.map(timed))) {
      expect(answer).toMatchObject({ status: 503, body: { errorCode: 'PI_UNAVAILABLE' } });
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(ms).toBeLessThan(fault.match.path === '/v2' ? BOUND_MS + 1_000 : BOUND_MS);
    }
  });

  it.each(['silence', 'cut'] as const)(
    'is a retryable error within 3 s when the database is away: %s',
    async (outage) => {
      const { hostname, port } = new URL(database.url);
      const proxy = await TcpProxy.to(hostname, Number(port));
      closing.push(() => proxy.stop());
      const shop = await open({ url: Object.assign(new URL(database.url), { port: String(proxy.port) }).toString() });
      const complete = await signed(shop);
      const { approve } = await wanted();

      proxy[outage]();
      const calls = [shop.post('complete', complete), shop.post('approve', approve)];
      for (const { answer, ms } of await Promise.all(calls.map(timed))) {
        expect(answer).toMatchObject({ status: 503, body: { errorCode: 'PI_UNAVAILABLE' } });
        expect(ms).toBeLessThan(BOUND_MS);
      }
      proxy.mend();
      expect(await shop.post('complete', complete)).toMatchObject({ status: 200, body: { status: 'delivered' } });
    },
  );
});
