import type { EmulatedPioneer } from 'pi-emulator';
import { bearer, startTestShop, type TestShop } from './support/test-shop.js';
import { eventually } from './support/eventually.js';

jest.setTimeout(60_000);

describe('Corner Shop over HTTP', () => {
  let shop: TestShop;
  let amara: EmulatedPioneer;
  let bo: EmulatedPioneer;

  beforeAll(async () => {
    shop = await startTestShop();
    amara = await shop.pi.createPioneer({ username: 'amara' });
    bo = await shop.pi.createPioneer({ username: 'bo' });
  });
  afterAll(() => shop.dispose());

  const ordersOf = async (pioneer: EmulatedPioneer) => (await shop.get('/api/orders', bearer(pioneer))).body;
  const orderOf = async (pioneer: EmulatedPioneer, paymentId: string) =>
    (await ordersOf(pioneer)).find((order: { paymentId: string }) => order.paymentId === paymentId);
  const pay = (pioneer: EmulatedPioneer, productId: string, amount: string) =>
    shop.pi.createPayment(pioneer.uid, { amount, memo: 'An order', metadata: { productId } });
  const approve = (paymentId: string, pioneer: EmulatedPioneer) =>
    shop.post('/pi_payment/approve', { paymentId, accessToken: pioneer.accessToken });

  describe('looking around', () => {
    it('lists products with exact prices', async () => {
      const { status, body } = await shop.get('/api/products');
      expect(status).toBe(200);
      expect(body).toContainEqual({
        id: 'honey',
        name: expect.any(String),
        description: expect.any(String),
        price: '3.1415926',
      });
    });

    it('tells a Pioneer who they are', async () => {
      expect(await shop.get('/api/me', bearer(amara))).toMatchObject({
        status: 200,
        body: { uid: amara.uid, username: 'amara', scopes: ['username', 'payments', 'wallet_address'] },
      });
    });

    it.each(['/api/me', '/api/orders', '/api/rewards'])('asks for a token at %s', async (path) => {
      const without = await shop.get(path);
      expect(without.status).toBe(401);
      const invented = await shop.get(path, bearer({ accessToken: 'emulated_token_of_nobody' }));
      expect(invented.status).toBe(401);
      expect(invented.headers.get('www-authenticate')).toContain('invalid_token');
    });

    it('serves its page with the SDK of the local Pi, and the operator page', async () => {
      const page = await shop.get('/');
      expect(page.body).toContain(`<script src="${shop.pi.url}/pi-sdk.js"></script>`);
      expect((await shop.get('/operator')).body).toContain('Operator key');
      for (const path of ['/shop.js', '/shop.css', '/icon.svg', '/products/honey.svg'])
        expect((await shop.get(path)).status).toBe(200);
    });

    it('documents its API', async () => {
      expect((await shop.get('/docs')).status).toBe(200);
      const { body } = await shop.get('/docs-json');
      expect(Object.keys(body.paths)).toEqual(
        expect.arrayContaining([
          '/api/products',
          '/api/orders/{id}/refund',
          '/api/payouts/{id}',
          '/pi_payment/approve',
        ]),
      );
      expect(body.paths['/pi_payment/complete'].post.requestBody.content['application/json'].schema.required).toEqual([
        'paymentId',
        'transactionId',
      ]);
    });

    it('says that it is well, and that it is not when Pi is away', async () => {
      expect(await shop.get('/health')).toMatchObject({
        status: 200,
        body: { status: 'ok', details: { pi: { status: 'up', platform: { status: 'up' }, ledger: { status: 'up' } } } },
      });
      shop.pi.addFault({ match: { path: '/v2/payments/*' }, fault: 'error', status: 503 });
      await eventually(async () => (await shop.get('/health')).status === 503);
      shop.pi.clearFaults();
      await eventually(async () => (await shop.get('/health')).status === 200);
    });

    it('answers an unknown address with JSON', async () => {
      expect(await shop.get('/api/nothing')).toMatchObject({ status: 404, body: { statusCode: 404 } });
    });
  });

  describe('buying', () => {
    it('delivers an order once Pi completed the payment', async () => {
      const id = await shop.buy(amara, 'honey', '3.1415926');
      expect(await orderOf(amara, id)).toEqual({
        id: expect.any(String),
        productId: 'honey',
        paymentId: id,
        amount: '3.1415926',
        status: 'delivered',
      });
      expect(shop.pi.payment(id).status.developer_completed).toBe(true);
    });

    it('delivers once, however often the callbacks are repeated', async () => {
      const id = await shop.buy(amara, 'postcard', '0.1');
      const transactionId = shop.pi.payment(id).transaction?.txid;
      await Promise.all([
        approve(id, amara),
        shop.post('/pi_payment/complete', { paymentId: id, transactionId }),
        shop.post('/pi_payment/complete', { paymentId: id, transactionId }),
        shop.post('/pi_payment/incomplete', { paymentId: id, transactionId }),
      ]);
      const mine = (await ordersOf(amara)).filter((order: { paymentId: string }) => order.paymentId === id);
      expect(mine).toHaveLength(1);
      expect(mine[0].status).toBe('delivered');
    });

    it.each([
      ['a stroop too little', 'flat-white', '1.4999999'],
      ['a stroop too much', 'flat-white', '1.5000001'],
      ['something the shop does not sell', 'yacht', '1.5'],
    ])('refuses %s before Pi is told', async (_what, productId, amount) => {
      const { identifier } = await pay(amara, productId, amount);
      const { status } = await approve(identifier, amara);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
      expect(shop.pi.payment(identifier).status.developer_approved).toBe(false);
      expect((await orderOf(amara, identifier))?.status).toBe(productId === 'yacht' ? undefined : 'refused');
    });

    it("does not approve somebody else's payment", async () => {
      const { identifier } = await pay(amara, 'flat-white', '1.5');
      expect((await approve(identifier, bo)).status).toBeGreaterThanOrEqual(400);
      expect(shop.pi.payment(identifier).status.developer_approved).toBe(false);
    });

    it('shows a payment cancelled in the wallet as a cancelled order', async () => {
      const { identifier } = await pay(bo, 'tulips', '4');
      await approve(identifier, bo);
      await shop.pi.userCancel(identifier);
      await shop.post('/pi_payment/cancel', { paymentId: identifier });
      await eventually(async () => (await orderOf(bo, identifier))?.status === 'cancelled');
    });

    it('shows nobody the orders of others', async () => {
      const id = await shop.buy(bo, 'tangerines', '0.8');
      expect(await orderOf(bo, id)).toBeDefined();
      expect(await orderOf(amara, id)).toBeUndefined();
    });
  });
});

describe('Corner Shop under load', () => {
  it('counts the requests of each visitor behind a proxy', async () => {
    const shop = await startTestShop({ REQUESTS_PER_MINUTE: '1', TRUSTED_PROXIES: '1' });
    try {
      const from = async (...addresses: string[]) =>
        (await shop.get('/api/products', { 'x-forwarded-for': addresses.join(', ') })).status;
      expect([await from('192.0.2.1'), await from('192.0.2.2'), await from('192.0.2.1')]).toEqual([200, 200, 429]);
      // What a visitor writes in front of the proxy's word is not believed.
      expect(await from('192.0.2.9', '192.0.2.1')).toBe(429);
    } finally {
      await shop.dispose();
    }
  });

  it('limits requests when told to', async () => {
    const shop = await startTestShop({ REQUESTS_PER_MINUTE: '5' });
    try {
      const answers = [];
      for (let request = 0; request < 7; request += 1) answers.push((await shop.get('/api/products')).status);
      expect(answers).toEqual([200, 200, 200, 200, 200, 429, 429]);
      expect((await shop.get('/')).status).toBe(200);
    } finally {
      await shop.dispose();
    }
  });
});
