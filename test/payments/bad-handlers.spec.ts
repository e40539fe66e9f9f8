import type { Pioneer, PiPayment } from 'nestjs-pi';
import { PiEmulator } from 'pi-emulator';
import { databases, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { PaymentShop, type ShopBehaviour } from '../support/payment-shop.js';

jest.setTimeout(60_000);

const PRODUCT = { amount: 1.5, memo: 'A mug', metadata: { productId: 'mug' } };
const forever = () => new Promise<never>(() => undefined);

describe.each(databases)('A handler that goes wrong, on $name', ({ create }) => {
  const behaviour: ShopBehaviour = {};
  let pi: PiEmulator;
  let database: TestDatabase;
  let shop: PaymentShop;

  beforeAll(async () => {
    pi = await PiEmulator.start({ port: 0, ledgerMs: 50 });
    database = await create();
    shop = await PaymentShop.start({ pi, database, behaviour, options: { payments: { handlerMs: 500 } } });
    shop.app.useLogger(false);
  });
  afterEach(() => {
    for (const name of Object.keys(behaviour)) delete behaviour[name as keyof ShopBehaviour];
  });
  afterAll(async () => {
    await shop?.close();
    await pi?.stop();
    await database?.drop();
  });

  async function wanted() {
    const { uid, accessToken } = await pi.createPioneer();
    const { identifier: paymentId } = await pi.createPayment(uid, PRODUCT);
    return { paymentId, approve: { paymentId, accessToken } };
  }
  async function signed() {
    const { paymentId, approve } = await wanted();
    expect(await shop.post('approve', approve)).toMatchObject({ status: 200 });
    const { txid } = await pi.signPayment(paymentId);
    return { paymentId, complete: { paymentId, transactionId: txid } };
  }
  const deliveriesOf = async (paymentId: string) => (await shop.deliveries()).filter((id) => id === paymentId).length;
  const troubleOf = (paymentId: string) => eventually(async () => (await shop.payments.get(paymentId)).trouble);

  it.each<[string, (payment: PiPayment, pioneer: Pioneer) => Promise<never>]>([
    ['never answers', forever],
    // It would wait for itself.
    [
      'approves inside',
      async ({ id }, pioneer) => {
        await shop.payments.approve(id, pioneer);
        return forever();
      },
    ],
  ])('approve %s: a retryable error, and it is asked again', async (_how, approve) => {
    const { paymentId, approve: body } = await wanted();
    behaviour.approve = approve;
    const answer = await shop.post('approve', body);
    expect(answer).toMatchObject({ status: 503, body: { errorCode: 'PI_UNAVAILABLE' } });
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(pi.payment(paymentId).status.developer_approved).toBe(false);

    delete behaviour.approve;
    expect(await shop.post('approve', body)).toMatchObject({ status: 200, body: { status: 'approved' } });
  });

  it('a delivery that hangs is given up, shown to the operator, holds up no other, and is made again', async () => {
    const hung: string[] = [];
    const release: (() => void)[] = [];
    behaviour.afterDelivery = async ({ id }, tx) => {
      if (hung.includes(id)) return;
      hung.push(id);
      await new Promise<void>((resolve) => release.push(resolve));
      // What is left of it may not write into whatever its connection serves by then.
      await tx.handle.query('insert into shop_deliveries (payment_id, uid, amount, txid) values ($1, $1, $1, $1)', [
        id,
      ]);
    };
    const payments = await Promise.all(Array.from({ length: 12 }, signed));
    await Promise.all(payments.map(({ complete }) => shop.post('complete', complete)));

    for (const { paymentId } of payments) {
      await eventually(async () => (await deliveriesOf(paymentId)) === 1);
    }
    expect(hung).toHaveLength(12);
    for (const go of release) go();
    await new Promise((resolve) => setTimeout(resolve, 200));
    for (const { paymentId } of payments) expect(await deliveriesOf(paymentId)).toBe(1);
  });

  it('a delivery that hangs names itself', async () => {
    let hang = true;
    behaviour.afterDelivery = () => (hang ? forever() : undefined);
    const { paymentId, complete } = await signed();
    await shop.post('complete', complete);
    expect(await troubleOf(paymentId)).toMatchObject({ error: expect.stringContaining("'completed' handler") });
    hang = false;
    await eventually(async () => (await deliveriesOf(paymentId)) === 1);
  });

  it.each<[string, NonNullable<ShopBehaviour['afterDelivery']>, RegExp]>([
    ['throws nothing at all', () => Promise.reject(undefined), /undefined/],
    ['throws what has no text', () => Promise.reject(Object.create(null)), /./],
    ['calls the ledger without { tx }', () => shop.ledger.transaction((tx) => tx.query('select 1')), /\{ tx \}/],
    ['swallows a failed statement', (_payment, tx) => tx.query('select 1/0').catch(() => undefined), /./],
    ['throws a NUL', () => Promise.reject(new Error('\0 \ud800')), /Error/],
  ])('a delivery that %s is made again, and shows', async (_how, afterDelivery, trouble) => {
    behaviour.afterDelivery = afterDelivery;
    const { paymentId, complete } = await signed();
    expect(await shop.post('complete', complete)).toMatchObject({ status: 200, body: { status: 'completed' } });
    expect(await troubleOf(paymentId)).toMatchObject({ error: expect.stringMatching(trouble) });
    expect(await deliveriesOf(paymentId)).toBe(0);
    delete behaviour.afterDelivery;
    await eventually(async () => (await deliveriesOf(paymentId)) === 1);
  });

  it('a delivery that fails is not made more often because somebody keeps asking', async () => {
    let attempts = 0;
    behaviour.afterDelivery = () => {
      attempts += 1;
      throw new Error('out of mugs');
    };
    const { paymentId, complete } = await signed();
    for (let index = 0; index < 10; index++) {
      for (const route of ['complete', 'cancel', 'incomplete']) {
        expect(await shop.post(route, complete)).toMatchObject({ status: 200, body: { status: 'completed' } });
      }
    }
    // One by the callback, and what came due meanwhile.
    expect(attempts).toBeLessThanOrEqual(3);
    delete behaviour.afterDelivery;
    await eventually(async () => (await deliveriesOf(paymentId)) === 1);
  });
});
