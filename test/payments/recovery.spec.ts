import { PiEmulator } from 'pi-emulator';
import { databases, createPostgres, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { PaymentShop, type ShopBehaviour } from '../support/payment-shop.js';

jest.setTimeout(60_000);

const PRODUCT = { amount: 1.5, memo: 'A mug', metadata: { productId: 'mug' } };

async function approvedAndSigned(pi: PiEmulator, shop: PaymentShop, sign: { link?: boolean } = {}) {
  const pioneer = await pi.createPioneer();
  const { identifier: paymentId } = await pi.createPayment(pioneer.uid, PRODUCT);
  await shop.post('approve', { paymentId, accessToken: pioneer.accessToken });
  const { txid } = await pi.signPayment(paymentId, sign);
  return { paymentId, complete: { paymentId, transactionId: txid } };
}

describe.each(databases)('Without another callback, on $name', ({ create }) => {
  const behaviour: ShopBehaviour = {};
  let pi: PiEmulator;
  let database: TestDatabase;
  let shop: PaymentShop;

  beforeAll(async () => {
    pi = await PiEmulator.start({ port: 0, ledgerMs: 50 });
    database = await create();
    // Unsigned payments are looked at every 60 sweeps: 0.6 s.
    shop = await PaymentShop.start({ pi, database, behaviour, options: { payments: { sweepMs: 10 } } });
  });
  afterEach(() => {
    for (const name of Object.keys(behaviour)) delete behaviour[name as keyof ShopBehaviour];
    pi.clearFaults();
  });
  afterAll(async () => {
    await shop?.close();
    await pi?.stop();
    await database?.drop();
  });

  const state = async (id: string) => (await shop.payments.get(id)).state;

  it('a payment that was signed, the browser closed, is completed and delivered', async () => {
    const { paymentId } = await approvedAndSigned(pi, shop);
    await eventually(async () => (await state(paymentId)) === 'delivered');
    expect(await shop.deliveries()).toContain(paymentId);
  });

  it('a completion cut off by an outage of Pi is finished when Pi is back', async () => {
    pi.addFault({ match: { method: 'POST', path: '/v2/payments/:id/complete' }, fault: 'drop_before' });
    const { paymentId, complete } = await approvedAndSigned(pi, shop);
    expect(await shop.post('complete', complete)).toMatchObject({ status: 503, body: { errorCode: 'PI_UNAVAILABLE' } });
    expect(await state(paymentId)).toBe('completing');
    pi.clearFaults();
    await eventually(async () => (await state(paymentId)) === 'delivered');
    expect((await shop.deliveries()).filter((id) => id === paymentId)).toHaveLength(1);
  });

  it('a payment the Pioneer cancelled is noted', async () => {
    const pioneer = await pi.createPioneer();
    const { identifier: paymentId } = await pi.createPayment(pioneer.uid, PRODUCT);
    await shop.post('approve', { paymentId, accessToken: pioneer.accessToken });
    await pi.userCancel(paymentId);
    await eventually(async () => (await shop.cancellations()).includes(paymentId));
    expect(await state(paymentId)).toBe('cancelled');
  });

  it('a delivery that throws is made again, with its rows only once, and shows to the operator meanwhile', async () => {
    let failures = 2;
    behaviour.afterDelivery = () => {
      if (failures-- > 0) throw new Error('out of mugs');
    };
    const { paymentId, complete } = await approvedAndSigned(pi, shop);

    expect(await shop.post('complete', complete)).toMatchObject({ status: 200, body: { status: 'completed' } });
    const { items } = await shop.payments.list({ troubled: true });
    expect(items).toMatchObject([
      {
        id: paymentId,
        state: 'completed',
        trouble: { attempts: 1, error: 'Error: out of mugs', nextAt: expect.any(Date) },
      },
    ]);
    await eventually(async () => (await state(paymentId)) === 'delivered');
    expect((await shop.deliveries()).filter((id) => id === paymentId)).toHaveLength(1);
    expect((await shop.payments.list({ troubled: true })).items).toEqual([]);
  });

  it('an operator need not wait for the next time', async () => {
    behaviour.afterDelivery = () => {
      throw new Error('out of mugs');
    };
    const { paymentId, complete } = await approvedAndSigned(pi, shop);
    await shop.post('complete', complete);
    delete behaviour.afterDelivery;
    expect(await shop.payments.retry(paymentId)).toMatchObject({ state: 'delivered' });
  });

  it('lists payments newest first, by pages that new ones do not shift', async () => {
    const { uid } = await pi.createPioneer();
    const ids: string[] = [];
    for (let index = 0; index < 5; index++) {
      const { identifier } = await pi.createPayment(uid, PRODUCT);
      await shop.post('cancel', { paymentId: identifier });
      ids.unshift(identifier);
    }
    const first = await shop.payments.list({ uid, limit: 2 });
    await shop.post('cancel', { paymentId: (await pi.createPayment(uid, PRODUCT)).identifier });
    const second = await shop.payments.list({ uid, limit: 2, ...(first.next && { after: first.next }) });
    const third = await shop.payments.list({ uid, limit: 2, ...(second.next && { after: second.next }) });
    expect([first, second, third].flatMap(({ items }) => items.map(({ id }) => id))).toEqual(ids);
    expect(third.next).toBeUndefined();
    await expect(shop.payments.list({ limit: 0 })).rejects.toThrow(RangeError);
    await expect(shop.payments.list({ after: 'elsewhere' })).rejects.toThrow(RangeError);
  });
});

describe('Several instances on one database', () => {
  let pi: PiEmulator;
  let database: TestDatabase;
  let shops: PaymentShop[];
  const deliveries: string[] = [];

  beforeAll(async () => {
    pi = await PiEmulator.start({ port: 0, ledgerMs: 50 });
    database = await createPostgres();
    const behaviour: ShopBehaviour = {
      afterDelivery: async ({ id }) => {
        deliveries.push(id);
        // Long enough for every other instance to try as well.
        await new Promise((resolve) => setTimeout(resolve, 50));
      },
    };
    const options = { payments: { sweepMs: 10 } };
    shops = [await PaymentShop.start({ pi, database, behaviour, options })];
    for (let index = 1; index < 4; index++) shops.push(await PaymentShop.start({ pi, database, behaviour, options }));
  });
  afterAll(async () => {
    await Promise.all((shops ?? []).map((shop) => shop.close()));
    await pi?.stop();
    await database?.drop();
  });

  it('deliver a payment once, though all are told of it at once and reconcile as well', async () => {
    const [first] = shops as [PaymentShop];
    const payments = await Promise.all(Array.from({ length: 10 }, () => approvedAndSigned(pi, first)));
    await Promise.all(
      payments.flatMap(({ complete }) =>
        shops.flatMap((shop) => [shop.post('complete', complete), shop.post('incomplete', complete)]),
      ),
    );
    const ids = payments.map(({ paymentId }) => paymentId).toSorted();
    await eventually(async () => (await first.deliveries()).length >= ids.length);
    expect(await first.deliveries()).toEqual(ids);
    expect(deliveries.toSorted()).toEqual(ids);
  });
});

describe('An instance that was slow', () => {
  it('does not act on what it knew of a payment that others have moved on since', async () => {
    const pi = await PiEmulator.start({ port: 0, ledgerMs: 20 });
    const database = await createPostgres();
    const slow = await PaymentShop.start({ pi, database });
    const quick = await PaymentShop.start({ pi, database });
    const pioneer = await pi.createPioneer();
    const { identifier: paymentId } = await pi.createPayment(pioneer.uid, PRODUCT);
    await slow.post('cancel', { paymentId });
    const path = `/v2/payments/${paymentId}`;
    const before = pi.journal({ method: 'GET', path }).length;

    // It has read "seen" in the journal when Pi lets it wait; the answer will show a transaction.
    pi.addFault({ match: { method: 'GET', path }, fault: 'latency', latencyMs: 2_000, times: 1 });
    const late = slow.post('cancel', { paymentId });
    await eventually(() => pi.journal({ method: 'GET', path }).length > before);
    await quick.post('approve', { paymentId, accessToken: pioneer.accessToken });
    await pi.signPayment(paymentId);

    expect((await late).body['status']).not.toBe('needs_review');
    expect(await quick.post('cancel', { paymentId })).toMatchObject({ body: { status: 'delivered' } });
    for (const shop of [slow, quick]) await shop.close();
    await pi.stop();
    await database.drop();
  });
});

describe('A shutdown', () => {
  it('lets a delivery that is under way commit, and leaves nothing open', async () => {
    const pi = await PiEmulator.start({ port: 0, ledgerMs: 50 });
    const database = await createPostgres();
    let begun!: () => void;
    const delivering = new Promise<void>((resolve) => (begun = resolve));
    const behaviour: ShopBehaviour = {
      afterDelivery: async () => {
        begun();
        await new Promise((resolve) => setTimeout(resolve, 300));
      },
    };
    const shop = await PaymentShop.start({ pi, database, behaviour });
    const { paymentId } = await approvedAndSigned(pi, shop);
    void shop.payments.synchronise(paymentId);
    await delivering;
    await shop.close();

    const next = await PaymentShop.start({ pi, database });
    expect(await next.deliveries()).toEqual([paymentId]);
    expect(await next.payments.get(paymentId)).toMatchObject({ state: 'delivered' });
    await next.close();
    await pi.stop();
    await database.drop();
  });
});
