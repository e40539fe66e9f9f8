import { randomBytes } from 'node:crypto';
import { PiEmulator } from 'pi-emulator';
import { createPostgres, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { PaymentShop, type ShopBehaviour } from '../support/payment-shop.js';

jest.setTimeout(60_000);

const PRODUCT = { amount: 1.5, memo: 'A mug', metadata: { productId: 'mug' } };

describe('Evidence that is not what it seems', () => {
  let pi: PiEmulator;
  let database: TestDatabase;
  let shop: PaymentShop;
  const behaviour: ShopBehaviour = {};

  beforeAll(async () => {
    pi = await PiEmulator.start({ port: 0, ledgerMs: 50 });
    database = await createPostgres();
    const payments = { sweepMs: 20, abandonAfterMs: 1_000 };
    shop = await PaymentShop.start({ pi, database, behaviour, options: { payments } });
    shop.app.useLogger(false);
  });
  afterEach(() => {
    delete behaviour.cancelled;
    pi.clearFaults();
    pi.chain.adversary.calm();
  });
  afterAll(async () => {
    await shop?.close();
    await pi?.stop();
    await database?.drop();
  });

  async function approved() {
    const { uid, accessToken } = await pi.createPioneer();
    const { identifier: paymentId } = await pi.createPayment(uid, PRODUCT);
    await shop.post('approve', { paymentId, accessToken });
    return paymentId;
  }
  /** On the chain, and Pi does not know. */
  async function paidUnlinked() {
    const paymentId = await approved();
    const { txid } = await pi.signPayment(paymentId, { link: false });
    await eventually(() => pi.transactions().some(({ hash }) => hash === txid));
    return { paymentId, txid };
  }
  const atPi = (action: string, id: string) =>
    fetch(`${pi.platformUrl}/payments/${id}/${action}`, {
      method: 'POST',
      headers: { authorization: `Key ${pi.apiKey}` },
    });
  const stateOf = async (id: string) => (await shop.payments.get(id)).state;
  const deliveriesOf = async (id: string) => (await shop.deliveries()).filter((one) => one === id).length;

  it('a listing that leaves the payment out does not show that nothing was paid: nothing is cancelled', async () => {
    const { paymentId, txid: hash } = await paidUnlinked();
    pi.chain.adversary.hide({ hash, listings: true });

    await expect(shop.payments.cancel(paymentId)).rejects.toMatchObject({ code: 'PI_UNAVAILABLE' });
    await shop.post('incomplete', { paymentId, transactionId: null });
    await eventually(async () => (await shop.payments.get(paymentId)).trouble !== undefined);
    expect(pi.payment(paymentId).status.cancelled).toBe(false);

    pi.chain.adversary.calm();
    await eventually(async () => (await deliveriesOf(paymentId)) === 1);
  });

  it('dust with the identifier as memo hides no payment from the search', async () => {
    const { paymentId } = await paidUnlinked();
    pi.chain.adversary.dust({ to: pi.payment(paymentId).from_address, memo: paymentId });
    await shop.post('incomplete', { paymentId, transactionId: null });
    await eventually(async () => (await deliveriesOf(paymentId)) === 1);
    expect(pi.payment(paymentId).status).toMatchObject({ cancelled: false, developer_completed: true });
  });

  it('dust with the identifier as memo is no payment: nothing is delivered, and nothing cancelled', async () => {
    const paymentId = await approved();
    pi.chain.adversary.dust({ to: pi.payment(paymentId).from_address, memo: paymentId });
    await shop.post('incomplete', { paymentId, transactionId: null });
    await eventually(async () => (await shop.payments.get(paymentId)).trouble !== undefined);
    expect(pi.payment(paymentId).status.cancelled).toBe(false);
    expect(await deliveriesOf(paymentId)).toBe(0);
  });

  it('a clock of ours that is ahead makes no payment old: the chain has to have gone on as long', async () => {
    const paymentId = await approved();
    const hour = 3_600_000;
    const ahead = jest.spyOn(Date, 'now').mockImplementation(() => performance.timeOrigin + performance.now() + hour);
    try {
      await shop.payments.recoverIncomplete(paymentId);
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(pi.payment(paymentId).status.cancelled).toBe(false);
    } finally {
      ahead.mockRestore();
    }
  });

  it('money that came when Pi had cancelled is found without any callback: for review', async () => {
    const { paymentId, txid } = await paidUnlinked();
    await atPi('cancel', paymentId);
    expect(await shop.post('cancel', { paymentId })).toMatchObject({ body: { status: 'cancelled' } });
    await eventually(async () => (await stateOf(paymentId)) === 'needs_review');
    expect((await shop.payments.get(paymentId)).review?.reason).toContain(txid);
    expect(await deliveriesOf(paymentId)).toBe(0);
    expect((await shop.cancellations()).filter((id) => id === paymentId)).toHaveLength(1);
  });

  it('a payment cancelled without money is looked at once more, and then rests', async () => {
    const paymentId = await approved();
    await pi.userCancel(paymentId);
    await shop.post('cancel', { paymentId });
    const path = `/accounts/${pi.payment(paymentId).from_address}/transactions`;
    await eventually(() => pi.journal({ path }).length > 0);
    await eventually(async () => (await dueOf(paymentId)).due_at === null);
    expect(await stateOf(paymentId)).toBe('cancelled');
  });

  const dueOf = async (id: string) => {
    const { rows } = await shop.ledger.transaction((tx) =>
      tx.query('select due_at, attempts from pi.payments where id = $1', [id]),
    );
    return rows[0] as { due_at: unknown; attempts: number };
  };
  const looksAt = (id: string) => pi.journal({ path: `/accounts/${pi.payment(id).from_address}/transactions` }).length;
  const outOfMugs = () => {
    throw new Error('out of mugs');
  };

  it('money that came when Pi had cancelled is found, though the app cannot be told of the cancellation', async () => {
    behaviour.cancelled = outOfMugs;
    const { paymentId, txid } = await paidUnlinked();
    await atPi('cancel', paymentId);
    expect(await shop.post('cancel', { paymentId })).toMatchObject({ body: { status: 'cancelled' } });
    await eventually(async () => (await stateOf(paymentId)) === 'needs_review');
    expect((await shop.payments.get(paymentId)).review?.reason).toContain(txid);
    expect(await shop.cancellations()).not.toContain(paymentId);
  });

  it('a chain that cannot be read keeps nobody from being told of a cancellation, and is asked again', async () => {
    const { paymentId, txid } = await paidUnlinked();
    behaviour.cancelled = outOfMugs;
    pi.chain.adversary.hide({ hash: txid, listings: true });
    await atPi('cancel', paymentId);
    await shop.post('cancel', { paymentId });
    await eventually(() => looksAt(paymentId) > 0);
    delete behaviour.cancelled;
    await eventually(async () => (await shop.cancellations()).includes(paymentId));
    expect(await stateOf(paymentId)).toBe('cancelled');
    pi.chain.adversary.calm();
    await eventually(async () => (await stateOf(paymentId)) === 'needs_review');
  });

  it('the chain is not asked at every attempt to tell the app of a cancellation', async () => {
    behaviour.cancelled = outOfMugs;
    const paymentId = await approved();
    await pi.userCancel(paymentId);
    await shop.post('cancel', { paymentId });
    await eventually(() => looksAt(paymentId) > 0);
    const { attempts } = await dueOf(paymentId);
    for (let index = 0; index < 3; index++) await shop.payments.retry(paymentId);
    expect((await dueOf(paymentId)).attempts).toBeGreaterThanOrEqual(attempts + 3);
    expect(looksAt(paymentId)).toBe(1);

    delete behaviour.cancelled;
    await shop.payments.retry(paymentId);
    expect(await shop.cancellations()).toContain(paymentId);
    await eventually(async () => (await dueOf(paymentId)).due_at === null);
    expect(await shop.payments.get(paymentId)).not.toHaveProperty('trouble');
  });

  it('what has failed once is no trouble any more, when it has not failed again', async () => {
    const paymentId = await approved();
    const path = `/v2/payments/${paymentId}`;
    pi.addFault({ match: { method: 'GET', path }, fault: 'error', status: 503 });
    await eventually(async () => (await shop.payments.get(paymentId)).trouble !== undefined);
    pi.clearFaults();
    await eventually(async () => (await shop.payments.get(paymentId)).trouble === undefined);
    expect(await stateOf(paymentId)).toBe('approved');
  });

  it.each([
    ['complete', 409],
    ['incomplete', 200],
  ])('money for a payment that was never approved here goes to review, when "%s" names it', async (route, status) => {
    const { uid } = await pi.createPioneer();
    const { identifier: paymentId } = await pi.createPayment(uid, PRODUCT);
    await atPi('approve', paymentId);
    const { txid: transactionId } = await pi.signPayment(paymentId, { link: false });
    await eventually(() => pi.transactions().some(({ hash }) => hash === transactionId));
    expect(await shop.post(route, { paymentId, transactionId })).toMatchObject({ status });
    expect(await stateOf(paymentId)).toBe('needs_review');
    expect(await deliveriesOf(paymentId)).toBe(0);
  });

  it('a payment a person decided to deliver is completed at Pi too, or its Pioneer could not pay again', async () => {
    const { uid } = await pi.createPioneer();
    const { identifier: paymentId } = await pi.createPayment(uid, PRODUCT);
    await atPi('approve', paymentId);
    const { txid } = await pi.signPayment(paymentId);
    await shop.post('complete', { paymentId, transactionId: txid });
    expect(await stateOf(paymentId)).toBe('needs_review');
    await shop.payments.resolve(paymentId, { action: 'deliver', by: 'ada' });
    await eventually(async () => (await deliveriesOf(paymentId)) === 1);
    expect(pi.payment(paymentId).status.developer_completed).toBe(true);
  });

  it('a payment that was dismissed stays dismissed, also when it is cancelled', async () => {
    const { paymentId, txid } = await paidUnlinked();
    await atPi('cancel', paymentId);
    await shop.post('cancel', { paymentId });
    await shop.post('complete', { paymentId, transactionId: txid });
    await shop.payments.resolve(paymentId, { action: 'dismiss', by: 'ada' });
    await shop.payments.cancel(paymentId).catch(() => undefined);
    await shop.post('incomplete', { paymentId, transactionId: txid });
    expect(await stateOf(paymentId)).toBe('refused');
  });

  it('a flood of invented txids for one payment costs the chain little, and the right one gets through', async () => {
    const { paymentId, txid } = await paidUnlinked();
    const path = '^/transactions/';
    const before = pi.journal({ path }).length;
    const flood = await Promise.all(
      Array.from({ length: 100 }, () =>
        shop.post('complete', { paymentId, transactionId: randomBytes(32).toString('hex') }),
      ),
    );
    expect(new Set(flood.map(({ status }) => status))).toEqual(new Set([409, 503]));
    expect(pi.journal({ path }).length - before).toBeLessThanOrEqual(8 * 6);
    expect(await shop.post('complete', { paymentId, transactionId: txid })).toMatchObject({
      status: 200,
      body: { status: 'delivered' },
    });
  });
});

describe('A replica of Horizon that lags', () => {
  it('does not show that nothing was paid, when its listings are older than what another says of the account', async () => {
    const pi = await PiEmulator.start({ port: 0, ledgerMs: 'manual' });
    const database = await createPostgres();
    const shop = await PaymentShop.start({ pi, database });
    const { uid, accessToken } = await pi.createPioneer();
    const { identifier: paymentId } = await pi.createPayment(uid, PRODUCT);
    await shop.post('approve', { paymentId, accessToken });
    for (let index = 0; index < 5; index++) await pi.closeLedger();
    await pi.signPayment(paymentId, { link: false });
    await pi.closeLedger();
    const path = `/accounts/${pi.payment(paymentId).from_address}/transactions`;
    pi.chain.adversary.replicas({ path, lags: [3], pick: 'cycle' });

    await expect(shop.payments.cancel(paymentId)).rejects.toMatchObject({ code: 'PI_UNAVAILABLE' });
    expect(pi.payment(paymentId).status.cancelled).toBe(false);
    pi.chain.adversary.calm();
    expect(await shop.payments.cancel(paymentId)).toMatchObject({ state: 'delivered' });

    await shop.close();
    await pi.stop();
    await database.drop();
  });
});
