import { randomBytes } from 'node:crypto';
import { APP_GUARD } from '@nestjs/core';
import { Controller, Module, Post } from '@nestjs/common';
import { OnPiPayment, PiAuthGuard, PiModule, PiPaymentsController, type PiApproval } from 'nestjs-pi';
import { PiEmulator } from 'pi-emulator';
import { ADAPTERS, listen } from '../../../../test/support/adapters.js';
import { createPostgres, type TestDatabase } from '../../../../test/support/database.js';
import { PaymentShop } from '../../../../test/support/payment-shop.js';

jest.setTimeout(60_000);

const MUG = { amount: 1.5, memo: 'A mug', metadata: { productId: 'mug' } };
const ROUTES = ['approve', 'complete', 'cancel', 'error', 'incomplete'] as const;
const TOKENLESS = ['complete', 'cancel', 'error', 'incomplete'] as const;
const TXID = 'ab'.repeat(32);

const unknownId = () => randomBytes(14).toString('hex');

describe.each(ADAPTERS)('PiPaymentsController on %s', (_name, adapter) => {
  let pi: PiEmulator;
  let database: TestDatabase;
  let shop: PaymentShop;

  beforeAll(async () => {
    pi = await PiEmulator.start({ port: 0, ledgerMs: 50 });
    database = await createPostgres();
    shop = await PaymentShop.start({ pi, database, adapter });
  });
  afterEach(() => void pi.clearFaults());
  afterAll(async () => {
    await shop?.close();
    await pi?.stop();
    await database?.drop();
  });

  async function wanted() {
    const pioneer = await pi.createPioneer();
    const { identifier: paymentId } = await pi.createPayment(pioneer.uid, MUG);
    return { pioneer, paymentId };
  }

  async function approved() {
    const payment = await wanted();
    const answer = await shop.post('approve', {
      paymentId: payment.paymentId,
      accessToken: payment.pioneer.accessToken,
    });
    expect(answer.status).toBe(200);
    return payment;
  }

  describe('reads (rule 1)', () => {
    const id = 'eWXszS7lkfsRLHcrDRghLpDD5tHc';
    const shapes: [string, unknown, number][] = [
      ['no object', '[]', 400],
      ['null', 'null', 400],
      ['no identifier', {}, 400],
      ['an identifier that is too short', { paymentId: 'x'.repeat(19) }, 400],
      ['an identifier that is too long', { paymentId: 'x'.repeat(65) }, 400],
      ['an identifier that leads elsewhere', { paymentId: `../me/${'x'.repeat(20)}` }, 400],
      ['an identifier with a line end', { paymentId: `${id}\n` }, 400],
      ['an identifier in a list', { paymentId: [id] }, 400],
      ['broken JSON', '{"paymentId":', 400],
    ];
    it.each(shapes)('no body of %s, on any route, and answers in JSON', async (_what, body, status) => {
      for (const route of ROUTES) {
        const answer = await shop.post(route, body);
        expect(answer).toMatchObject({ status, body: { statusCode: status, message: expect.any(String) } });
        expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
      }
    });

    it.each([TXID.toUpperCase(), TXID.slice(1), `${TXID}0`, 7, {}, ''])('no txid like %p', async (transactionId) => {
      for (const route of ['complete', 'incomplete']) {
        const answer = await shop.post(route, { paymentId: id, transactionId });
        expect(answer).toMatchObject({ status: 400, body: { errorCode: 'PI_BAD_REQUEST' } });
      }
    });

    it('no completion without a txid, but an incomplete payment', async () => {
      const { paymentId } = await approved();
      expect(await shop.post('complete', { paymentId, transactionId: null })).toMatchObject({ status: 400 });
      expect(await shop.post('incomplete', { paymentId, transactionId: null })).toMatchObject({ status: 200 });
      expect(await shop.post('incomplete', { paymentId })).toMatchObject({ status: 200 });
    });

    it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])('no %s', async (contentType) => {
      const { paymentId } = await approved();
      const answer = await shop.post('cancel', { paymentId }, { 'content-type': contentType });
      expect([400, 415]).toContain(answer.status);
    });

    it('JSON with a charset', async () => {
      const { paymentId } = await approved();
      const answer = await shop.post('cancel', { paymentId }, { 'content-type': 'Application/JSON; charset=utf-8' });
      expect(answer).toMatchObject({ status: 200 });
    });

    it('16 KB at most, announced or chunked', async () => {
      const { paymentId } = await approved();
      const fits = { paymentId, error: 'x'.repeat(16_000) };
      const large = { paymentId, error: 'x'.repeat(17_000) };
      expect(await shop.post('error', fits)).toMatchObject({ status: 200 });
      expect(await shop.post('error', large)).toMatchObject({
        status: 413,
        body: { errorCode: 'PI_PAYLOAD_TOO_LARGE' },
      });
      const chunked = await fetch(`${shop.url}/pi_payment/error`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: new Blob([JSON.stringify(large)]).stream(),
        duplex: 'half',
      } as RequestInit);
      expect(chunked.status).toBe(413);
    });
  });

  describe('answers', () => {
    it('exactly identifier and status to whoever has no token (rule 3)', async () => {
      const { paymentId } = await approved();
      const bodies = { complete: TXID, cancel: undefined, error: undefined, incomplete: null };
      for (const route of ['cancel', 'error', 'incomplete'] as const) {
        const { body } = await shop.post(route, { paymentId, transactionId: bodies[route], error: {} });
        expect(body).toEqual({ paymentId, status: 'approved' });
      }
      const { txid } = await pi.signPayment(paymentId);
      expect((await shop.post('complete', { paymentId, transactionId: txid })).body).toEqual({
        paymentId,
        status: expect.stringMatching(/^(completed|delivered)$/),
      });
    });

    it('nothing about the payment in an error either', async () => {
      const { paymentId } = await approved();
      const other = await approved();
      const { txid } = await pi.signPayment(other.paymentId);
      const { status, body } = await shop.post('complete', { paymentId, transactionId: txid });
      expect({ status, body }).toEqual({
        status: 409,
        body: { statusCode: 409, errorCode: 'PI_TX_MISMATCH', message: 'The transaction does not pay this payment.' },
      });
    });

    it("an unknown identifier, another app's and a payout alike: 404", async () => {
      const elsewhere = await PiEmulator.start({ port: 0, apiKey: 'emulated_another_app' });
      const stranger = await elsewhere.createPioneer();
      const { identifier: foreign } = await elsewhere.createPayment(stranger.uid, MUG);
      await elsewhere.stop();
      const recipient = await pi.createPioneer({ scopes: ['payments', 'wallet_address'] });
      const created = await fetch(`${pi.platformUrl}/payments`, {
        method: 'POST',
        headers: { authorization: `Key ${pi.apiKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({ payment: { uid: recipient.uid, amount: 1, memo: 'x', metadata: { a: 1 } } }),
      });
      const { identifier: payout } = (await created.json()) as { identifier: string };
      for (const route of TOKENLESS) {
        const answers = await Promise.all(
          [unknownId(), foreign, payout].map(async (paymentId) => {
            const { status, body } = await shop.post(route, { paymentId, transactionId: TXID });
            return { status, body };
          }),
        );
        const body = { statusCode: 404, errorCode: 'PI_PAYMENT_NOT_FOUND', message: 'This app has no such payment.' };
        expect(answers).toEqual([1, 2, 3].map(() => ({ status: 404, body })));
      }
    });
  });

  describe('approves', () => {
    it('with the token in the body or in the header', async () => {
      const inBody = await wanted();
      const { accessToken } = inBody.pioneer;
      expect(await shop.post('approve', { paymentId: inBody.paymentId, accessToken })).toMatchObject({ status: 200 });
      const inHeader = await wanted();
      const authorization = `Bearer ${inHeader.pioneer.accessToken}`;
      expect(await shop.post('approve', { paymentId: inHeader.paymentId }, { authorization })).toMatchObject({
        status: 200,
      });
    });

    it('nothing without a token, with a refused one, or by a cookie (rule 9)', async () => {
      const { paymentId, pioneer } = await wanted();
      const cookie = `accessToken=${pioneer.accessToken}`;
      const none = await shop.post('approve', { paymentId }, { cookie });
      expect(none).toMatchObject({ status: 401, body: { errorCode: 'PI_TOKEN_REFUSED' } });
      expect(none.headers.get('www-authenticate')).toBe('Bearer');
      const refused = await shop.post('approve', { paymentId, accessToken: 'emulated_no_such_token_0123456789' });
      expect(refused).toMatchObject({ status: 401 });
      expect(refused.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
      expect(pi.payment(paymentId).status.developer_approved).toBe(false);
    });
  });

  describe('looks up identifiers it does not know (rule 7)', () => {
    const gets = (paymentId: string) => pi.journal({ method: 'GET', path: `/v2/payments/${paymentId}` }).length;

    it('once a minute', async () => {
      const paymentId = unknownId();
      for (const route of TOKENLESS) await shop.post(route, { paymentId, transactionId: TXID });
      expect(gets(paymentId)).toBe(1);
    });

    it('once for all who ask at the same time', async () => {
      const paymentId = unknownId();
      pi.addFault({ match: { path: `/v2/payments/${paymentId}` }, fault: 'latency', latencyMs: 200 });
      const answers = await Promise.all(Array.from({ length: 20 }, () => shop.post('cancel', { paymentId })));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404]));
      expect(gets(paymentId)).toBe(1);
    });

    it('eight at a time, and those it knows do not wait for them', async () => {
      const { paymentId } = await approved();
      const { txid } = await pi.signPayment(paymentId);
      const strangers = Array.from({ length: 40 }, unknownId);
      for (const stranger of strangers) {
        pi.addFault({ match: { path: `/v2/payments/${stranger}` }, fault: 'latency', latencyMs: 1_500 });
      }
      let lookedUp = 0;
      const flood = Promise.all(
        strangers.map(async (stranger) => {
          const answer = await shop.post('cancel', { paymentId: stranger });
          if (answer.status === 404) lookedUp += 1;
          return answer;
        }),
      );
      const known = await shop.post('complete', { paymentId, transactionId: txid });
      expect(known).toMatchObject({
        status: 200,
        body: { status: expect.stringMatching(/^(completed|delivered)$/) },
      });
      expect(lookedUp).toBe(0);

      const answers = await flood;
      expect(answers.filter(({ status }) => status === 404)).toHaveLength(8);
      const turnedAway = answers.filter(({ status }) => status === 503);
      expect(turnedAway).toHaveLength(32);
      for (const { headers } of turnedAway) expect(headers.get('retry-after')).toBe('1');
    });

    it('in a lane of its own for each Pioneer, so that strangers keep no buyer out', async () => {
      pi.addFault({ match: { path: '^/v2/payments/[0-9a-f]{28}$' }, fault: 'latency', latencyMs: 500 });
      const flood = Promise.all(Array.from({ length: 20 }, () => shop.post('cancel', { paymentId: unknownId() })));
      const { pioneer, paymentId } = await wanted();
      const answer = await shop.post('approve', { paymentId, accessToken: pioneer.accessToken });
      expect(answer).toMatchObject({ status: 200, body: { status: 'approved' } });
      await flood;
    });
  });
});

describe('PiPaymentsController is mounted', () => {
  let pi: PiEmulator;
  let database: TestDatabase;

  beforeAll(async () => {
    pi = await PiEmulator.start({ port: 0, ledgerMs: 50 });
    database = await createPostgres();
  });
  afterAll(async () => {
    await pi?.stop();
    await database?.drop();
  });

  const status = async (url: string, path: string) => {
    const headers = { 'content-type': 'application/json' };
    return (
      await fetch(`${url}/${path}`, { method: 'POST', headers, body: JSON.stringify({ paymentId: unknownId() }) })
    ).status;
  };

  it.each([
    ['not at all, unless asked for', false, { 'pi_payment/cancel': 404 }],
    ['at another path', { path: 'api/pi' }, { 'api/pi/cancel': 404, 'pi_payment/cancel': 404 }],
  ] as const)('%s', async (_where, controller, expected) => {
    const shop = await PaymentShop.start({ pi, database, controller });
    for (const path of Object.keys(expected)) {
      const answer = await fetch(`${shop.url}/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });
      // A route that is there refuses the body; one that is not is unknown to Nest.
      expect(answer.status).toBe(controller !== false && path.startsWith(controller.path) ? 400 : 404);
    }
    await shop.close();
  });

  it('for two Pi apps at two paths, outside a guard for everything, without touching the class', async () => {
    class Handlers {
      approve(): PiApproval {
        return { amount: 1 };
      }
      async deliver(): Promise<void> {}
    }
    for (const app of ['', 'market']) {
      const mark = (event: 'approve' | 'completed', name: 'approve' | 'deliver') =>
        OnPiPayment(event, { app })(
          Handlers.prototype,
          name,
          Object.getOwnPropertyDescriptor(Handlers.prototype, name) as never,
        );
      mark('approve', 'approve');
      mark('completed', 'deliver');
    }
    class Closed {
      closed() {
        return 'not for everybody';
      }
    }
    Controller('closed')(Closed);
    Post()(Closed.prototype, 'closed', Object.getOwnPropertyDescriptor(Closed.prototype, 'closed') as never);
    const common = {
      apiKey: pi.apiKey,
      network: 'testnet',
      platformUrl: pi.platformUrl,
      horizonUrl: pi.horizonUrl,
      ledger: database.ledger,
    } as const;
    class Shop {}
    Module({
      imports: [
        PiModule.forRoot({ ...common, paymentsController: true }),
        PiModule.forRoot({ ...common, name: 'market', paymentsController: { path: 'market/pi_payment' } }),
      ],
      controllers: [Closed],
      providers: [Handlers, { provide: APP_GUARD, useClass: PiAuthGuard }],
    })(Shop);
    const { app, url } = await listen(ADAPTERS[0][1], { imports: [Shop] });

    expect(await status(url, 'closed')).toBe(401);
    for (const path of ['pi_payment', 'market/pi_payment']) {
      const answer = await fetch(`${url}/${path}/cancel`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ paymentId: unknownId() }),
      });
      expect(await answer.json()).toMatchObject({ errorCode: 'PI_PAYMENT_NOT_FOUND' });
    }
    expect(Reflect.getMetadataKeys(PiPaymentsController)).not.toContain('path');
    await app.close();
  });
});
