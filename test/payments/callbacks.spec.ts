import { PiEmulator } from 'pi-emulator';
import { databases, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { PaymentShop, type ShopBehaviour } from '../support/payment-shop.js';

jest.setTimeout(60_000);

const PRODUCT = { amount: 1.5, memo: 'A mug', metadata: { productId: 'mug' } };

describe.each(databases)('A payment by the callbacks of the SDK on $name', ({ create }) => {
  const behaviour: ShopBehaviour = {};
  let pi: PiEmulator;
  let database: TestDatabase;
  let shop: PaymentShop;

  beforeAll(async () => {
    pi = await PiEmulator.start({ port: 0, ledgerMs: 50 });
    database = await create();
    shop = await PaymentShop.start({ pi, database, behaviour, options: { payments: { abandonAfterMs: 1_000 } } });
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

  /** A Pioneer and a payment that waits for approval. */
  async function wanted(request: { amount: number; memo: string; metadata: object } = PRODUCT) {
    const pioneer = await pi.createPioneer();
    const { identifier: paymentId } = await pi.createPayment(pioneer.uid, request as typeof PRODUCT);
    return { pioneer, paymentId, approve: { paymentId, accessToken: pioneer.accessToken } };
  }

  async function approved() {
    const payment = await wanted();
    expect(await shop.post('approve', payment.approve)).toMatchObject({ status: 200, body: { status: 'approved' } });
    return payment;
  }

  async function signed() {
    const payment = await approved();
    const { txid } = await pi.signPayment(payment.paymentId);
    return { ...payment, txid, complete: { paymentId: payment.paymentId, transactionId: txid } };
  }

  const deliveriesOf = async (paymentId: string) => (await shop.deliveries()).filter((id) => id === paymentId).length;
  const calls = (method: string, path: string) => pi.journal({ method, path: `/v2/payments/${path}` }).length;

  it('is approved, completed and delivered, and every callback may be repeated', async () => {
    const { paymentId, approve } = await wanted();

    expect(await shop.post('approve', approve)).toMatchObject({ status: 200, body: { paymentId, status: 'approved' } });
    expect(await shop.post('approve', approve)).toMatchObject({ status: 200, body: { paymentId, status: 'approved' } });
    const { txid: transactionId } = await pi.signPayment(paymentId);
    const delivered = { status: 200, body: { paymentId, status: 'delivered' } };
    expect(await shop.post('complete', { paymentId, transactionId })).toMatchObject(delivered);
    expect(await shop.post('complete', { paymentId, transactionId })).toMatchObject(delivered);
    expect(await shop.post('incomplete', { paymentId, transactionId })).toMatchObject(delivered);
    expect(await shop.post('cancel', { paymentId })).toMatchObject(delivered);
    expect(await shop.post('approve', approve)).toMatchObject(delivered);

    expect(pi.payment(paymentId).status).toMatchObject({ developer_approved: true, developer_completed: true });
    expect(calls('POST', `${paymentId}/approve`)).toBe(1);
    expect(calls('POST', `${paymentId}/complete`)).toBe(1);
    expect(await deliveriesOf(paymentId)).toBe(1);
  });

  it('gives the handlers the payment as Pi states it, to the stroop', async () => {
    const seen: unknown[] = [];
    behaviour.approve = (payment, pioneer) => {
      seen.push([payment.id, payment.amount.toString(), payment.metadata, payment.memo, payment.network, pioneer.uid]);
      return { amount: '0.0000001' };
    };
    behaviour.beforeDelivery = (payment) => seen.push([payment.id, payment.amount.toString(), payment.txid]);
    const request = {
      amount: 1e-7,
      memo: 'A crumb\0',
      metadata: { text: 'NUL \0, quote ", 🥐', deep: { list: [1, null] } },
    };
    const { pioneer, paymentId, approve } = await wanted(request);

    await shop.post('approve', approve);
    const { txid } = await pi.signPayment(paymentId);
    await shop.post('complete', { paymentId, transactionId: txid });

    expect(seen).toEqual([
      [paymentId, '0.0000001', request.metadata, 'A crumb\uFFFD', 'testnet', pioneer.uid],
      [paymentId, '0.0000001', txid],
    ]);
  });

  it('asks Pi once and delivers once when all callbacks come twenty times in parallel', async () => {
    const { paymentId, approve } = await wanted();
    const twenty = (route: string, body: object) =>
      Promise.all(Array.from({ length: 20 }, () => shop.post(route, body)));

    for (const answer of await twenty('approve', approve)) expect(answer).toMatchObject({ status: 200 });
    const { txid: transactionId } = await pi.signPayment(paymentId);
    const answers = await Promise.all(
      ['complete', 'incomplete', 'cancel'].map((route) => twenty(route, { paymentId, transactionId })),
    );

    for (const answer of answers.flat()) expect(answer.status).toBe(200);
    expect(await deliveriesOf(paymentId)).toBe(1);
    expect(calls('POST', `${paymentId}/approve`)).toBe(1);
  });

  it('is completed by what Pi names, when the client calls out of order', async () => {
    const { paymentId, approve, complete } = await signed();

    expect(await shop.post('cancel', { paymentId })).toMatchObject({ body: { status: 'delivered' } });
    expect(await shop.post('approve', approve)).toMatchObject({ status: 200, body: { status: 'delivered' } });
    expect(await shop.post('complete', complete)).toMatchObject({ status: 200, body: { status: 'delivered' } });
    expect(await deliveriesOf(paymentId)).toBe(1);
  });

  it.each(['drop_before', 'drop_after', 'error', 'malformed'] as const)(
    'survives Pi going wrong: %s',
    async (fault) => {
      const { paymentId, approve } = await wanted();
      pi.addFault({ match: { method: 'POST', path: `/v2/payments/${paymentId}/approve` }, fault, times: 3 });
      await repeated(() => shop.post('approve', approve), 'approved');
      const { txid: transactionId } = await pi.signPayment(paymentId);
      pi.addFault({ match: { method: 'POST', path: `/v2/payments/${paymentId}/complete` }, fault, times: 3 });
      await repeated(() => shop.post('complete', { paymentId, transactionId }), 'delivered');
      expect(await deliveriesOf(paymentId)).toBe(1);
    },
  );

  /** As the SDK does: again and again until it succeeds. */
  async function repeated(post: () => ReturnType<PaymentShop['post']>, status: string): Promise<void> {
    await eventually(async () => {
      const answer = await post();
      expect([200, 502, 503]).toContain(answer.status);
      return answer.status === 200 && answer.body['status'] === status;
    });
  }

  describe('that is refused', () => {
    it.each([
      ['by the handler', { ...PRODUCT, metadata: { productId: undefined, other: 1 } }, 422, 'PI_PAYMENT_REFUSED'],
      ['for one stroop too little', { ...PRODUCT, amount: 1.4999999 }, 409, 'PI_PAYMENT_MISMATCH'],
      ['for one stroop too much', { ...PRODUCT, amount: 1.5000001 }, 409, 'PI_PAYMENT_MISMATCH'],
    ])('%s is never approved, whatever is called', async (_why, request, status, errorCode) => {
      const { paymentId, approve } = await wanted(request);

      expect(await shop.post('approve', approve)).toMatchObject({ status, body: { errorCode } });
      expect(await shop.post('approve', approve)).toMatchObject({
        status: 422,
        body: { errorCode: 'PI_PAYMENT_REFUSED' },
      });
      expect(await shop.post('complete', { paymentId, transactionId: 'ab'.repeat(32) })).toMatchObject({ status: 409 });
      expect(await shop.post('incomplete', { paymentId, transactionId: null })).toMatchObject({
        status: 200,
        body: { status: 'refused' },
      });
      expect(calls('POST', `${paymentId}/approve`)).toBe(0);
      expect(await deliveriesOf(paymentId)).toBe(0);
    });

    it('stays open when the handler fails for another reason', async () => {
      const { approve } = await wanted();
      behaviour.approve = () => {
        throw new Error('the catalogue is being rebuilt');
      };
      expect(await shop.post('approve', approve)).toMatchObject({ status: 500 });
      delete behaviour.approve;
      expect(await shop.post('approve', approve)).toMatchObject({ status: 200, body: { status: 'approved' } });
    });

    it('says so to a developer whose handler returns no amount', async () => {
      const { approve } = await wanted();
      behaviour.approve = () => ({}) as never;
      expect(await shop.post('approve', approve)).toMatchObject({
        status: 500,
        body: { errorCode: 'PI_CONFIGURATION' },
      });
    });
  });

  describe('that is cancelled', () => {
    it('by the Pioneer is told to the app once, and Pi is not called', async () => {
      const { paymentId, approve } = await approved();
      await pi.userCancel(paymentId);

      const cancelled = { status: 200, body: { paymentId, status: 'cancelled' } };
      expect(await shop.post('cancel', { paymentId })).toMatchObject(cancelled);
      expect(await shop.post('cancel', { paymentId })).toMatchObject(cancelled);
      expect(await shop.post('approve', approve)).toMatchObject({ status: 409 });

      expect(calls('POST', `${paymentId}/cancel`)).toBe(0);
      expect((await shop.cancellations()).filter((id) => id === paymentId)).toHaveLength(1);
    });

    it('is not approved again, even when the app has not heard of the cancellation', async () => {
      const { paymentId, approve } = await approved();
      await pi.userCancel(paymentId);
      expect(await shop.post('approve', approve)).toMatchObject({
        status: 409,
        body: { errorCode: 'PI_PAYMENT_MISMATCH' },
      });
      expect(await shop.payments.get(paymentId)).toMatchObject({ state: 'cancelled' });

      const fresh = await wanted();
      await pi.userCancel(fresh.paymentId);
      expect(await shop.post('approve', fresh.approve)).toMatchObject({ status: 409 });
      expect(calls('POST', `${fresh.paymentId}/approve`)).toBe(0);
    });

    it('only in the words of the client is not cancelled', async () => {
      const { paymentId } = await approved();
      expect(await shop.post('cancel', { paymentId })).toMatchObject({ status: 200, body: { status: 'approved' } });
      expect(pi.payment(paymentId).status).toMatchObject({ cancelled: false, user_cancelled: false });
    });

    it('by the app is cancelled at Pi', async () => {
      const { paymentId } = await approved();
      expect(await shop.payments.cancel(paymentId)).toMatchObject({ state: 'cancelled' });
      expect(pi.payment(paymentId).status).toMatchObject({ cancelled: true });
      expect((await shop.cancellations()).filter((id) => id === paymentId)).toHaveLength(1);
    });

    it('by the app after the money moved is completed instead, though Pi shows no transaction', async () => {
      const { paymentId } = await approved();
      await pi.signPayment(paymentId, { link: false });
      expect(pi.payment(paymentId).transaction).toBeNull();

      expect(await shop.payments.cancel(paymentId)).toMatchObject({ state: 'delivered' });
      expect(pi.payment(paymentId).status).toMatchObject({ cancelled: false, developer_completed: true });
      expect(await deliveriesOf(paymentId)).toBe(1);
    });
  });

  describe('that comes back as incomplete', () => {
    it('with a transaction is completed', async () => {
      const { paymentId, txid } = await signed();
      expect(await shop.post('incomplete', { paymentId, transactionId: txid })).toMatchObject({
        status: 200,
        body: { status: 'delivered' },
      });
      expect(await deliveriesOf(paymentId)).toBe(1);
    });

    it('with a transaction Pi does not know of yet is completed by the chain', async () => {
      const { paymentId } = await approved();
      const { txid } = await pi.signPayment(paymentId, { link: false });
      await eventually(() => pi.transactions().some(({ hash }) => hash === txid));
      expect(await shop.post('incomplete', { paymentId, transactionId: txid })).toMatchObject({
        body: { status: 'delivered' },
      });
    });

    it('without one is cancelled when it is old enough and nothing was paid', async () => {
      const { paymentId } = await approved();
      expect(await shop.post('incomplete', { paymentId, transactionId: null })).toMatchObject({
        status: 200,
        body: { paymentId, status: 'approved' },
      });
      expect(pi.payment(paymentId).status.cancelled).toBe(false);
      await eventually(() => pi.payment(paymentId).status.cancelled);
      await eventually(async () => (await shop.cancellations()).includes(paymentId));
    });

    it('without one is completed when the chain holds its money', async () => {
      const { paymentId } = await approved();
      await pi.signPayment(paymentId, { link: false });
      await shop.post('incomplete', { paymentId, transactionId: null });
      await eventually(async () => (await deliveriesOf(paymentId)) === 1);
      expect(pi.payment(paymentId).status).toMatchObject({ cancelled: false, developer_completed: true });
    });

    it('without one is left alone while the history is out of reach', async () => {
      const { paymentId } = await approved();
      pi.addFault({
        match: { path: `/accounts/${pi.payment(paymentId).from_address}/transactions` },
        fault: 'error',
        status: 503,
      });
      await shop.post('incomplete', { paymentId, transactionId: null });
      await eventually(async () => (await shop.payments.get(paymentId)).trouble !== undefined);
      expect(pi.payment(paymentId).status.cancelled).toBe(false);
      pi.clearFaults();
      await eventually(() => pi.payment(paymentId).status.cancelled);
    });
  });

  describe('that goes to review', () => {
    it('when it is paid after it was cancelled here: never delivered, never dropped', async () => {
      const { paymentId } = await approved();
      const { txid } = await pi.signPayment(paymentId, { link: false });
      await eventually(() => pi.transactions().some(({ hash }) => hash === txid));
      // Somebody with the key cancels the signed payment by hand.
      await fetch(`${pi.platformUrl}/payments/${paymentId}/cancel`, {
        method: 'POST',
        headers: { authorization: `Key ${pi.apiKey}` },
      });
      expect(await shop.post('cancel', { paymentId })).toMatchObject({ body: { status: 'cancelled' } });

      expect(await shop.post('complete', { paymentId, transactionId: txid })).toMatchObject({ status: 409 });
      const record = await shop.payments.get(paymentId);
      expect(record).toMatchObject({ state: 'needs_review', review: { reason: expect.stringContaining(txid) } });
      expect(await deliveriesOf(paymentId)).toBe(0);
      expect((await shop.payments.list({ state: 'needs_review' })).items.map(({ id }) => id)).toContain(paymentId);

      expect(await shop.payments.resolve(paymentId, { action: 'deliver', by: 'ada' })).toMatchObject({
        state: 'delivered',
        txid,
        review: { resolution: { action: 'deliver', by: 'ada' } },
      });
      expect(await deliveriesOf(paymentId)).toBe(1);
    });

    it('when it is paid though it was never approved here; and dismissing it is final', async () => {
      const pioneer = await pi.createPioneer();
      const { identifier: paymentId } = await pi.createPayment(pioneer.uid, PRODUCT);
      await fetch(`${pi.platformUrl}/payments/${paymentId}/approve`, {
        method: 'POST',
        headers: { authorization: `Key ${pi.apiKey}` },
      });
      const { txid } = await pi.signPayment(paymentId);

      expect(await shop.post('complete', { paymentId, transactionId: txid })).toMatchObject({ status: 409 });
      expect(await shop.payments.get(paymentId)).toMatchObject({ state: 'needs_review' });
      expect(await shop.payments.resolve(paymentId, { action: 'dismiss', by: 'ada' })).toMatchObject({
        state: 'refused',
      });
      expect(await shop.post('complete', { paymentId, transactionId: txid })).toMatchObject({ status: 409 });
      expect(await shop.payments.get(paymentId)).toMatchObject({ state: 'refused' });
      expect(await deliveriesOf(paymentId)).toBe(0);
    });

    it('is not delivered by an operator when the chain holds no money', async () => {
      const { paymentId } = await signed();
      const other = await signed();
      await shop.ledger.transaction((tx) =>
        tx.query("update pi.payments set state = 'needs_review', txid = null, review_reason = 'a test' where id = $1", [
          paymentId,
        ]),
      );
      await expect(
        shop.payments.resolve(paymentId, { action: 'deliver', txid: other.txid, by: 'ada' }),
      ).rejects.toMatchObject({ code: 'PI_TX_MISMATCH' });
      expect(await shop.payments.get(paymentId)).toMatchObject({ state: 'needs_review' });
    });
  });

  it("keeps a client's words short and harmless", async () => {
    const { paymentId } = await approved();
    const error = `<script>alert(1)</script>\u001b[2J\n${'x'.repeat(1_000)}`;
    expect(await shop.post('error', { paymentId, error })).toMatchObject({ status: 200, body: { status: 'approved' } });
    const { clientError } = await shop.payments.get(paymentId);
    expect(clientError).toMatch(/^\\u003cscript\\u003ealert\(1\)/);
    expect(clientError).not.toMatch(/[<>\p{Cc}]/u);
    expect(clientError?.replaceAll(/\\u[0-9a-f]{4}/g, '?')).toHaveLength(500);
    expect(await shop.post('error', { paymentId, error: {} })).toMatchObject({ status: 200 });
  });
});
