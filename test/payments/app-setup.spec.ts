import { request } from 'node:http';
import { APP_GUARD } from '@nestjs/core';
import { ValidationPipe, VersioningType, type INestApplication, type NestApplicationOptions } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { PiAuthGuard, PiModule } from 'nestjs-pi';
import { PiEmulator } from 'pi-emulator';
import { ADAPTERS } from '../support/adapters.js';
import { createPostgres, type TestDatabase } from '../support/database.js';
import { ShopPayments } from '../support/payment-shop.js';

jest.setTimeout(60_000);

const PRODUCT = { amount: 1.5, memo: 'A mug', metadata: { productId: 'mug' } };
const JSON_TYPE = { 'content-type': 'application/json' };

type Setup = (app: INestApplication) => unknown;

describe.each(ADAPTERS)('The payment routes in an app on %s', (_name, Adapter) => {
  let pi: PiEmulator;
  let database: TestDatabase;
  let app: INestApplication | undefined;

  beforeAll(async () => {
    pi = await PiEmulator.start({ port: 0, ledgerMs: 50 });
    database = await createPostgres();
  });
  afterEach(async () => {
    await app?.close();
    app = undefined;
  });
  afterAll(async () => {
    await pi?.stop();
    await database?.drop();
  });

  async function serve(setUp: Setup = () => undefined, options: NestApplicationOptions = {}): Promise<string> {
    const { apiKey, platformUrl, horizonUrl } = pi;
    const testing = await Test.createTestingModule({
      imports: [
        PiModule.forRoot({
          apiKey,
          platformUrl,
          horizonUrl,
          network: 'testnet',
          ledger: database.ledger,
          paymentsController: true,
        }),
      ],
      providers: [
        { provide: ShopPayments, useFactory: () => new ShopPayments({ afterDelivery: () => undefined }) },
        { provide: APP_GUARD, useClass: PiAuthGuard },
      ],
    }).compile();
    app = testing.createNestApplication(new Adapter(), { logger: false, ...options });
    await setUp(app);
    await app.listen(0, '127.0.0.1');
    return app.getUrl();
  }
  async function wanted() {
    const { uid, accessToken } = await pi.createPioneer();
    const { identifier: paymentId } = await pi.createPayment(uid, PRODUCT);
    return { paymentId, accessToken };
  }
  const post = (url: string, body: BodyInit, headers: Record<string, string> = JSON_TYPE) =>
    fetch(url, { method: 'POST', headers, body, duplex: 'half' } as RequestInit);

  const strict = { whitelist: true, forbidNonWhitelisted: true, transform: true, forbidUnknownValues: true };
  it.each<[string, string, Setup, NestApplicationOptions]>([
    ['a strict ValidationPipe', 'pi_payment', (app) => app.useGlobalPipes(new ValidationPipe(strict)), {}],
    [
      'a strict ValidationPipe for custom decorators too',
      'pi_payment',
      (app) => app.useGlobalPipes(new ValidationPipe({ ...strict, validateCustomDecorators: true })),
      {},
    ],
    ['a global prefix', 'api/pi_payment', (app) => app.setGlobalPrefix('api'), {}],
    [
      'versions by path',
      'pi_payment',
      (app) => app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' }),
      {},
    ],
    [
      'versions by header, which Pi’s packages do not send',
      'pi_payment',
      (app) => app.enableVersioning({ type: VersioningType.HEADER, header: 'x-version', defaultVersion: '1' }),
      {},
    ],
    ['rawBody', 'pi_payment', () => undefined, { rawBody: true }],
  ])('with %s', async (_what, path, setUp, options) => {
    const url = `${await serve(setUp, options)}/${path}`;
    const { paymentId, accessToken } = await wanted();
    const approve = await post(`${url}/approve`, JSON.stringify({ paymentId, accessToken, more: 'than expected' }));
    expect(await approve.json()).toEqual({ paymentId, status: 'approved' });
    const { txid: transactionId } = await pi.signPayment(paymentId);
    for (const route of ['error', 'complete', 'incomplete', 'cancel']) {
      const answer = await post(`${url}/${route}`, JSON.stringify({ paymentId, transactionId, error: {} }));
      expect({ route, status: answer.status, body: await answer.json() }).toEqual({
        route,
        status: 200,
        body: { paymentId, status: expect.any(String) },
      });
    }
  });

  it('answers GET, HEAD, PUT and DELETE without doing anything', async () => {
    const url = await serve();
    const { paymentId } = await wanted();
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
      const answer = await fetch(`${url}/pi_payment/cancel?paymentId=${paymentId}`, { method });
      expect(answer.status).toBe(404);
    }
    expect(pi.journal({ path: `/v2/payments/${paymentId}` })).toHaveLength(0);
  });

  it.each<[string, (id: string) => string, number]>([
    ['a key twice: the last counts', (id) => `{"paymentId":"${'x'.repeat(20)}","paymentId":"${id}"}`, 200],
    ['an identifier in a prototype', (id) => `{"__proto__":{"paymentId":"${id}"}}`, 400],
    ['an identifier in a constructor', (id) => `{"constructor":{"prototype":{"paymentId":"${id}"}}}`, 400],
    ['a deep error', (id) => `{"paymentId":"${id}","error":${'['.repeat(7_500)}${']'.repeat(7_500)}}`, 413],
    ['an identifier in other letters', (id) => JSON.stringify({ paymentId: `${id.slice(0, -1)}ａ` }), 400],
    ['a byte order mark', (id) => `\uFEFF{"paymentId":"${id}"}`, 200],
  ])('reads %s', async (_what, bodyOf, status) => {
    const url = await serve();
    const { paymentId } = await wanted();
    const answer = await post(`${url}/pi_payment/error`, bodyOf(paymentId));
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(({} as Record<string, unknown>)['paymentId']).toBeUndefined();
  });

  it('refuses a deep body that is chunked, in JSON', async () => {
    const url = await serve();
    const deep = `{"paymentId":"${'x'.repeat(20)}","error":${'['.repeat(45_000)}${']'.repeat(45_000)}}`;
    const answer = await post(`${url}/pi_payment/error`, new Blob([deep]).stream());
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ statusCode: 413 });
  });

  it('takes the token of the header when the body holds none', async () => {
    const url = await serve();
    const { paymentId, accessToken } = await wanted();
    const headers = { ...JSON_TYPE, authorization: `Bearer ${accessToken}` };
    const answer = await post(`${url}/pi_payment/approve`, JSON.stringify({ paymentId, accessToken: '' }), headers);
    expect(await answer.json()).toEqual({ paymentId, status: 'approved' });
  });

  it.each(['', ' ', '\n', 'a token', '\u0000', 'ü'.repeat(30)])(
    'refuses %j as a token with 401',
    async (accessToken) => {
      const url = await serve();
      const { paymentId } = await wanted();
      const answer = await post(`${url}/pi_payment/approve`, JSON.stringify({ paymentId, accessToken }));
      expect(answer.status).toBe(401);
    },
  );

  it("tells somebody else's payment and an unknown one apart to nobody, whatever token comes along (rule 3)", async () => {
    const url = await serve();
    const victim = await wanted();
    const attacker = await wanted();
    const { accessToken } = attacker;
    const ask = async (paymentId: string) => {
      const answer = await post(`${url}/pi_payment/approve`, JSON.stringify({ paymentId, accessToken }));
      return { status: answer.status, body: await answer.json() };
    };
    const unknown = await ask('x'.repeat(28));
    expect(unknown).toEqual({
      status: 404,
      body: { statusCode: 404, errorCode: 'PI_PAYMENT_NOT_FOUND', message: 'This app has no such payment.' },
    });
    expect(await ask(victim.paymentId)).toEqual(unknown);
    await post(`${url}/pi_payment/cancel`, JSON.stringify({ paymentId: victim.paymentId }));
    expect(await ask(victim.paymentId)).toEqual(unknown);
  });

  it('says so when the app has parsed no body', async () => {
    if (Adapter !== ADAPTERS[0][1]) return;
    const url = await serve(undefined, { bodyParser: false });
    const { paymentId } = await wanted();
    const answer = await post(`${url}/pi_payment/cancel`, JSON.stringify({ paymentId }));
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({ errorCode: 'PI_CONFIGURATION' });
  });

  it('is not led astray by a second Content-Type', async () => {
    const { hostname, port } = new URL(await serve());
    const { paymentId } = await wanted();
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = ['Content-Type', 'text/plain', 'Content-Type', 'application/json', 'Host', hostname];
      const call = request({ hostname, port, path: '/pi_payment/cancel', method: 'POST', headers }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode));
      });
      call.on('error', reject);
      call.end(JSON.stringify({ paymentId }));
    });
    expect(status).toBe(415);
  });
});
