import type { EmulatedPioneer } from 'pi-emulator';
import { bearer, OPERATOR_KEY, operator, startTestShop, type TestShop } from './support/test-shop.js';
import { payoutInReview } from './support/payout-in-review.js';
import { eventually } from './support/eventually.js';

jest.setTimeout(60_000);

describe('Corner Shop paying out', () => {
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
  const settled = (payoutId: string) =>
    eventually(async () => {
      const { body } = await shop.get(`/api/payouts/${payoutId}`, operator);
      return ['completed', 'failed', 'cancelled', 'needs_review'].includes(body.state);
    });

  describe('refunds', () => {
    it('pays an order back, once', async () => {
      const id = await shop.buy(bo, 'sourdough', '2.25');
      const order = await orderOf(bo, id);
      const first = await shop.post(`/api/orders/${order.id}/refund`, undefined, operator);
      const again = await shop.post(`/api/orders/${order.id}/refund`, undefined, operator);
      expect(first.body).toEqual({ payoutId: expect.any(String) });
      expect(again.body).toEqual(first.body);
      await settled(first.body.payoutId);
      const payout = await shop.get(`/api/payouts/${first.body.payoutId}`, operator);
      expect(payout.body).toMatchObject({
        id: first.body.payoutId,
        state: 'completed',
        uid: bo.uid,
        amount: '2.25',
        identifier: expect.any(String),
        txid: expect.stringMatching(/^[0-9a-f]{64}$/),
        attempts: [{ hash: payout.body.txid }],
      });
      const paid = shop.pi.transactions(bo.walletAddress).filter(({ memo }) => memo === payout.body.identifier);
      expect(paid.map(({ operations }) => operations[0])).toEqual([
        expect.objectContaining({ destination: bo.walletAddress, amount: '2.2500000' }),
      ]);
      expect((await orderOf(bo, id)).refund).toEqual({ payoutId: first.body.payoutId, state: 'completed' });
    });

    it('pays once when asked for at the same time', async () => {
      const id = await shop.buy(amara, 'flat-white', '1.5');
      const answers = await Promise.all(
        [1, 2, 3, 4].map(() => shop.post(`/api/orders/${id}/refund`, undefined, operator)),
      );
      expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
      expect(new Set(answers.map(({ body }) => body.payoutId)).size).toBe(1);
    });

    it.each([
      ['no key', {}],
      ['a wrong key', { 'x-operator-key': `${OPERATOR_KEY}!` }],
    ])('needs the operator: %s', async (_what, headers) => {
      for (const answer of [
        await shop.post('/api/orders/1/refund', undefined, headers),
        await shop.get('/api/payouts', headers),
        await shop.get('/api/payouts/1', headers),
        await shop.get('/api/operator/orders', headers),
      ])
        expect(answer.status).toBe(401);
    });

    it('knows no order and no payout that does not exist', async () => {
      expect((await shop.post('/api/orders/nothing/refund', undefined, operator)).status).toBe(404);
      expect(await shop.get('/api/payouts/nothing', operator)).toMatchObject({
        status: 404,
        body: { statusCode: 404, message: expect.any(String) },
      });
    });

    it('refunds nothing that was not delivered', async () => {
      const { identifier } = await pay(bo, 'tulips', '4');
      await approve(identifier, bo);
      await shop.pi.userCancel(identifier);
      await shop.post('/pi_payment/cancel', { paymentId: identifier });
      await eventually(async () => (await orderOf(bo, identifier))?.status === 'cancelled');
      expect((await shop.post(`/api/orders/${identifier}/refund`, undefined, operator)).status).toBe(409);
    });

    it('says why a refund failed: the Pioneer did not share the wallet address', async () => {
      const cara = await shop.pi.createPioneer({ username: 'cara', scopes: ['username', 'payments'] });
      const id = await shop.buy(cara, 'postcard', '0.1');
      const { body } = await shop.post(`/api/orders/${id}/refund`, undefined, operator);
      await settled(body.payoutId);
      expect((await orderOf(cara, id)).refund).toEqual({
        payoutId: body.payoutId,
        state: 'failed',
        reason: expect.stringContaining('missing_scope'),
      });
    });
  });

  describe('rewards', () => {
    const reward = (adId: string, pioneer: EmulatedPioneer) => shop.post('/api/ads/reward', { adId }, bearer(pioneer));

    it('pays for an ad, once and to the first who asks', async () => {
      const { adId } = await shop.pi.createAd({ uid: amara.uid, status: 'granted' });
      const first = await reward(adId, amara);
      expect(first).toMatchObject({ status: 201, body: { payoutId: expect.any(String) } });
      expect((await reward(adId, amara)).body).toEqual(first.body);
      expect(await reward(adId, bo)).toMatchObject({ status: 409, body: { errorCode: 'PI_AD_TAKEN' } });
      await settled(first.body.payoutId);
      const { body } = await shop.get('/api/rewards', bearer(amara));
      expect(body).toContainEqual({
        payoutId: first.body.payoutId,
        amount: '0.1',
        state: 'completed',
        txid: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
    });

    it.each([
      ['failed', 422, 'PI_AD_NOT_GRANTED', null],
      ['revoked', 422, 'PI_AD_NOT_GRANTED', null],
      [null, 409, 'PI_AD_UNDECIDED', '2'],
    ] as const)('pays nothing for an ad that is %s', async (adStatus, status, errorCode, retryAfter) => {
      const { adId } = await shop.pi.createAd({ uid: bo.uid, status: adStatus });
      const answer = await reward(adId, bo);
      expect(answer).toMatchObject({ status, body: { errorCode } });
      expect(answer.headers.get('retry-after')).toBe(retryAfter);
      expect((await shop.get('/api/rewards', bearer(bo))).body).toEqual([]);
    });

    it.each([{}, { adId: '' }, { adId: 7 }, { adId: '../../me' }, { adId: 'a'.repeat(201) }])(
      'refuses the body %j',
      async (body) => {
        expect((await shop.post('/api/ads/reward', body, bearer(amara))).status).toBe(400);
      },
    );
  });

  describe('a payout that needs a person', () => {
    const resolve = (id: string, body: object, headers: Record<string, string> = operator) =>
      shop.post(`/api/payouts/${id}/resolve`, body, headers);

    it('is settled by a decision, which has to fit', async () => {
      const { payoutId, txid } = await payoutInReview(shop, amara);
      const { body } = await shop.get(`/api/payouts/${payoutId}`, operator);
      expect(body).toMatchObject({
        state: 'needs_review',
        txid,
        review: { reason: expect.stringContaining('cancelled at Pi'), actions: ['paid', 'retry'] },
      });
      const refused = await resolve(payoutId, { action: 'abandon', by: 'olu' });
      expect(refused).toMatchObject({ status: 409, body: { errorCode: 'PI_PAYOUT_RESOLUTION_REFUSED' } });
      const other = await resolve(payoutId, { action: 'paid', txid: 'f'.repeat(64), by: 'olu' });
      expect(other).toMatchObject({ status: 409, body: { errorCode: 'PI_PAYOUT_RESOLUTION_REFUSED' } });

      const settled = await resolve(payoutId, { action: 'paid', txid, by: 'olu' });
      expect(settled).toMatchObject({ status: 200, body: { id: payoutId, state: 'completed', txid } });
      expect(settled.body).not.toHaveProperty('review');
      const again = await resolve(payoutId, { action: 'paid', txid, by: 'olu' });
      expect(again).toMatchObject({ status: 409, body: { message: expect.stringContaining('is completed') } });
    });

    it.each([
      [{}, 'action'],
      [{ action: 'forget', by: 'olu' }, 'action'],
      [{ action: 'retry' }, 'by'],
      [{ action: 'retry', by: '' }, 'by'],
      [{ action: 'retry', by: 'o'.repeat(101) }, 'by'],
      [{ action: 'paid', by: 'olu' }, 'txid'],
      [{ action: 'paid', by: 'olu', txid: 'F'.repeat(64) }, 'txid'],
    ])('is not decided by %j', async (body, field) => {
      const answer = await resolve('a-payout', body);
      expect(answer).toMatchObject({
        status: 400,
        body: { message: expect.arrayContaining([expect.stringContaining(field)]) },
      });
    });

    it('is decided by the operator alone, and has to exist', async () => {
      const decision = { action: 'retry', by: 'olu' };
      expect((await resolve('7b0c3a53-8d7b-4c4e-9b8e-0d1c0f7f3a11', decision, {})).status).toBe(401);
      expect(await resolve('7b0c3a53-8d7b-4c4e-9b8e-0d1c0f7f3a11', decision)).toMatchObject({
        status: 404,
        body: { errorCode: 'PI_PAYOUT_NOT_FOUND' },
      });
    });
  });

  it('parks a payout beyond the daily limit, and says why', async () => {
    const careful = await startTestShop({ DAILY_PAYOUT_LIMIT: '1' });
    try {
      const cora = await careful.pi.createPioneer({ username: 'cora' });
      const id = await careful.buy(cora, 'flat-white', '1.5');
      const { payoutId } = (await careful.post(`/api/orders/${id}/refund`, undefined, operator)).body;
      const payout = async () => (await careful.get(`/api/payouts/${payoutId}`, operator)).body;
      await eventually(async () => (await payout()).parked !== undefined);
      expect(await payout()).toMatchObject({ parked: expect.stringContaining('may pay 1 Pi in 24 h'), txid: null });
    } finally {
      await careful.dispose();
    }
  });

  describe('payouts', () => {
    it('lists them newest first, filtered and in pages', async () => {
      const all = (await shop.get('/api/payouts?limit=200', operator)).body;
      expect(all.length).toBeGreaterThan(1);
      const first = await shop.get('/api/payouts?limit=1', operator);
      expect(first.body).toHaveLength(1);
      const second = await shop.get(
        `/api/payouts?limit=1&after=${encodeURIComponent(first.headers.get('x-next-after') ?? '')}`,
        operator,
      );
      expect([first.body[0].id, second.body[0].id]).toEqual([all[0].id, all[1].id]);
      const failed = (await shop.get('/api/payouts?state=failed', operator)).body;
      expect(failed.every(({ state }: { state: string }) => state === 'failed')).toBe(true);
    });

    it.each(['state=lost', 'limit=0', 'limit=many'])('refuses ?%s', async (query) => {
      expect((await shop.get(`/api/payouts?${query}`, operator)).status).toBe(400);
    });
  });
});
