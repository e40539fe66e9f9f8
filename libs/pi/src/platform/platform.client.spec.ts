import { inspect } from 'node:util';
import { Logger } from '@nestjs/common';
import { RemoteWorld, type Stage } from '../../../../test/support/remote-world.js';
import { PiAmount } from '../chain/pi-amount.js';
import { PiApiError } from '../errors/pi-api-error.js';
import { PiInvalidArgumentError } from '../errors/pi-invalid-argument-error.js';
import { PiTokenRefusedError } from '../errors/pi-token-refused-error.js';
import { PiUnavailableError } from '../errors/pi-unavailable-error.js';
import type { PiCallReport } from '../http/pi-call.js';
import { createPiHttp, type PiHttpService } from '../http/pi-http.js';
import { PiPlatformClient } from './platform.client.js';
import { type KnownPlatformCode, PLATFORM_CODES } from './platform-codes.js';
import { toPiPayment } from './to-pi-payment.js';

const KEY = 'k3y-that-nobody-may-see';
const TOKEN = 't0ken-that-nobody-may-see';
const ID = 'pPuTLsMdC4rAXDcoBvHt1ZK9fQwE';
const TXID = 'aB'.repeat(32);
const payment = {
  identifier: ID,
  user_uid: 'a1111111-aaaa-4bbb-8222-ccccccc3333d',
  amount: 1e-7,
  memo: 'Tea',
  metadata: { productId: 'tea' },
  from_address: `G${'A'.repeat(55)}`,
  to_address: `G${'B'.repeat(55)}`,
  direction: 'user_to_app',
  created_at: '2026-11-20T12:00:00.123Z',
  network: 'Pi Testnet',
  status: {
    developer_approved: true,
    transaction_verified: false,
    developer_completed: false,
    cancelled: false,
    user_cancelled: false,
  },
  transaction: null,
  token_canonical: 'Pi',
};
const user = {
  uid: payment.user_uid,
  credentials: {
    scopes: ['username', 'x_new'],
    valid_until: { timestamp: 1_800_000_000, iso8601: '2027-01-15T08:00:00Z' },
  },
  username: 'ada',
  app_id: 'shop',
  receiving_email: true,
};
const ad = { identifier: 'ad-1', mediator_ack_status: null, mediator_granted_at: null, mediator_revoked_at: null };

let world: RemoteWorld;
let http: PiHttpService;
let client: PiPlatformClient;
let reports: PiCallReport[];
let logged: unknown[];

beforeAll(async () => {
  world = await RemoteWorld.start();
});
afterAll(() => world.stop());
beforeEach(() => {
  http = createPiHttp({ timeoutMs: 150, retries: 1, maxAnswerBytes: 50_000 });
  reports = [];
  logged = [];
  jest.spyOn(Logger.prototype, 'debug').mockImplementation((line: unknown) => void logged.push(line));
  client = new PiPlatformClient({
    http,
    apiKey: KEY,
    platformUrl: `${world.url}/v2/`,
    onCall: (report) => reports.push(report),
  });
});
afterEach(async () => {
  jest.restoreAllMocks();
  await http.close();
});

type Call = (client: PiPlatformClient) => Promise<unknown>;
const createRequest = {
  uid: payment.user_uid,
  amount: PiAmount.of('0.0000001'),
  memo: 'Tea "für" dich',
  metadata: { key: 'ä' },
};
const notification = { title: 't', body: 'b', user_uid: payment.user_uid, subroute: '/x' };
const calls: Record<
  string,
  { call: Call; asks: string; auth: string; body: string; answer: unknown; repeated: boolean }
> = {
  me: { call: (c) => c.me(TOKEN), asks: 'GET /v2/me', auth: `Bearer ${TOKEN}`, body: '', answer: user, repeated: true },
  createPayment: {
    call: (c) => c.createPayment(createRequest),
    asks: 'POST /v2/payments',
    auth: `Key ${KEY}`,
    body: `{"payment":{"amount":0.0000001,"memo":"Tea \\"für\\" dich","metadata":{"key":"ä"},"uid":"${payment.user_uid}"}}`,
    answer: payment,
    repeated: false,
  },
  getPayment: {
    call: (c) => c.getPayment(ID),
    asks: `GET /v2/payments/${ID}`,
    auth: `Key ${KEY}`,
    body: '',
    answer: payment,
    repeated: true,
  },
  approvePayment: {
    call: (c) => c.approvePayment(ID),
    asks: `POST /v2/payments/${ID}/approve`,
    auth: `Key ${KEY}`,
    body: '',
    answer: payment,
    repeated: true,
  },
  completePayment: {
    call: (c) => c.completePayment(ID, TXID),
    asks: `POST /v2/payments/${ID}/complete`,
    auth: `Key ${KEY}`,
    body: `{"txid":"${TXID.toLowerCase()}"}`,
    answer: payment,
    repeated: true,
  },
  cancelPayment: {
    call: (c) => c.cancelPayment(ID),
    asks: `POST /v2/payments/${ID}/cancel`,
    auth: `Key ${KEY}`,
    body: '',
    answer: payment,
    repeated: true,
  },
  incompleteServerPayments: {
    call: (c) => c.incompleteServerPayments(),
    asks: 'GET /v2/payments/incomplete_server_payments',
    auth: `Key ${KEY}`,
    body: '',
    answer: { incomplete_server_payments: [payment] },
    repeated: true,
  },
  adStatus: {
    call: (c) => c.adStatus('ad-1'),
    asks: 'GET /v2/ads_network/status/ad-1',
    auth: `Key ${KEY}`,
    body: '',
    answer: ad,
    repeated: true,
  },
  notify: {
    call: (c) => c.notify([notification]),
    asks: 'POST /v2/in_app_notifications/notify',
    auth: `Key ${KEY}`,
    body: JSON.stringify({ notifications: [notification] }),
    answer: {
      success: true,
      delivered_notifications: [{ ...notification, id: '1', seen_at: null, dismissed_at: null }],
    },
    repeated: false,
  },
};
const table = Object.entries(calls).map(([name, row]) => ({ name, ...row }));

async function failure(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => {
      throw new Error('was expected to fail');
    },
    (error: Error) => error,
  );
}

describe.each(table)('$name', ({ call, asks, auth, body, answer, repeated }) => {
  it('asks what the contract says, and reads the answer', async () => {
    world.answers({ body: answer });
    await call(client);
    const { method, url, headers, body: sent } = world.last;
    expect({ asks: `${method} ${url}`, auth: headers.authorization, sent }).toEqual({ asks, auth, sent: body });
    expect(headers['content-type']).toBe(body ? 'application/json' : undefined);
    expect(reports).toEqual([
      { endpoint: expect.any(String), status: 200, attempts: 1, durationMs: expect.any(Number) },
    ]);
    expect(reports[0]?.endpoint).not.toMatch(new RegExp(`${ID}|ad-1`));
  });

  if (asks.includes(ID) || asks.includes('ad-1'))
    it('believes no answer about another one, nor about another spelling', async () => {
      world.answers({ body: { ...(answer as object), identifier: asks.includes(ID) ? ID.toLowerCase() : 'AD-1' } });
      const error = await failure(call(client));
      expect(error).toMatchObject({ code: 'PI_ANSWER_UNREADABLE', retryable: false });
      expect(error.message).toContain('identifier has to be');
    });

  it(`is ${repeated ? '' : 'never '}repeated after a lost answer`, async () => {
    const lost: Stage = (request) => void request.socket.destroy();
    world.answers(lost, { body: answer });
    const outcome = await call(client).then(
      () => 'answered',
      (error: PiUnavailableError) => error.reason,
    );
    expect(outcome).toBe(repeated ? 'answered' : 'network');
    expect(world.requests).toHaveLength(repeated ? 2 : 1);
  });

  it.each([
    ['an empty body', { body: undefined }, /empty body/],
    ['a page', { body: '<html>hello</html>' }, /not JSON/],
    ['half an answer', { body: '{"identifier":"pPu' }, /not JSON/],
    ['null', { body: 'null' }, /has to be an object, but is null/],
    ['a list', { body: [] }, /has to be an object, but is \[\]/],
  ])('cannot read %s, and says so', async (_, stage, message) => {
    world.answers(stage);
    const error = await failure(call(client));
    expect(error).toMatchObject({ code: 'PI_ANSWER_UNREADABLE', platformStatus: 200, refused: false });
    expect((error as PiApiError).getStatus()).toBe(502);
    expect(error.message).toMatch(message);
  });

  it.each([
    ['500 with a page', { status: 500, body: '<html>oops</html>' }, 'status'],
    ['502 without a body', { status: 502 }, 'status'],
    ['503', { status: 503, headers: { 'Retry-After': '30' }, body: {} }, 'status'],
    ['429', { status: 429, headers: { 'Retry-After': '30' }, body: {} }, 'rate_limited'],
    [
      '429 with a code',
      { status: 429, headers: { 'Retry-After': '30' }, body: { error: 'unknown_error' } },
      'rate_limited',
    ],
    ['503 for years', { status: 503, headers: { 'Retry-After': '999999999' } }, 'status'],
    ['silence', () => undefined, 'timeout'],
    ['a reset', (request) => void request.socket.resetAndDestroy(), 'network'],
    ['an endless answer', { body: 'x'.repeat(60_000) }, 'oversized'],
  ] as [string, Stage, string][])('is unavailable after %s', async (_, stage, reason) => {
    world.answers(stage);
    const error = await failure(call(client));
    expect(error).toBeInstanceOf(PiUnavailableError);
    expect(error).toMatchObject({
      reason,
      retryable: true,
      headers: { 'Retry-After': expect.stringMatching(/^(1|30|600)$/) },
    });
  });

  it.each(['too_many_payments', 'too_many_cancelled_payments'])('tells %s from too many calls', async (code) => {
    world.answers({ status: 429, body: { error: code } });
    expect(await failure(call(client))).toMatchObject({ platformCode: code, platformStatus: 429, refused: true });
  });

  it('does not follow a redirect', async () => {
    world.answers({ status: 307, headers: { Location: 'https://evil.example/steal?k=1' } });
    const error = await failure(call(client));
    expect(error).toMatchObject({ code: 'PI_REDIRECTED', platformStatus: 307 });
    expect(error.message).toContain('https://evil.example.');
    expect(error.message).not.toContain('steal');
  });

  it('keeps key and token out of every error and log line, even when Pi repeats them', async () => {
    const secret = auth.split(' ')[1] ?? '';
    const stages: Stage[] = [
      { status: 400, body: { error: `bad ${KEY} ${TOKEN}`, error_message: `${KEY} ${TOKEN}` } },
      { status: 400, body: { error: 'invalid_arguments', error_message: `${KEY} ${TOKEN}` } },
      { status: 401, body: { error: KEY } },
      { status: 302, headers: { Location: `/${KEY}/${TOKEN}` } },
      { status: 500, body: 'no' },
      () => undefined,
      (request) => void request.socket.destroy(),
    ];
    for (const stage of stages) {
      world.answers(stage);
      const error = await failure(call(client));
      expect(printed(error)).not.toContain(secret);
    }
    expect(logged.join('\n')).toContain('no answer');
    expect(logged.join('\n')).not.toContain(secret);
    expect(inspect(client, { depth: 4 })).not.toContain(KEY);
  });

  it('rejects with the reason of its signal', async () => {
    world.answers(() => undefined);
    const controller = new AbortController();
    const reason = new Error('the client hung up');
    const asked = calls[table.find((row) => row.asks === asks)?.name ?? '']?.call(
      withSignal(client, controller.signal),
    );
    setTimeout(() => controller.abort(reason), 30);
    await expect(asked).rejects.toBe(reason);
  });
});

/** The same client, handing this signal to every call. */
function withSignal(client: PiPlatformClient, signal: AbortSignal): PiPlatformClient {
  return new Proxy(client, {
    get(target, name) {
      const method = target[name as keyof PiPlatformClient] as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => method.apply(target, [...args, { signal }]);
    },
  });
}

/** Everything a careless logger might print. */
function printed(error: Error): string {
  const causes: unknown[] = [];
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    causes.push(JSON.stringify(cause), JSON.stringify(Object.entries(cause)), cause.stack);
  }
  return inspect(error, { depth: 20, showHidden: true }) + causes.join('\n');
}

describe('a refusal', () => {
  const codes = Object.keys(PLATFORM_CODES) as KnownPlatformCode[];

  it.each(codes)('%s is told by its code, whatever the status', async (code) => {
    for (const status of [400, 401, 403, 404, 422, 500]) {
      world.answers({ status, body: { error: code, error_message: 'why' } });
      const error = (await failure(client.getPayment(ID))) as PiApiError;
      expect(error).toBeInstanceOf(PiApiError);
      expect(error).toMatchObject({
        code: `PI_${code.toUpperCase()}`,
        platformCode: code,
        platformStatus: status,
        endpoint: 'GET /payments/{id}',
        retryable: PLATFORM_CODES[code].retryable,
        refused: code !== 'unknown_error',
      });
      expect(error.getStatus()).toBe(PLATFORM_CODES[code].status);
      expect(error.getResponse()).toEqual({
        statusCode: PLATFORM_CODES[code].status,
        errorCode: error.code,
        message: error.message,
        platformCode: code,
      });
    }
  });

  it('never faces our caller with 401 or 403, but for the token of /me', () => {
    expect(Object.values(PLATFORM_CODES).map(({ status }) => status)).not.toEqual(expect.arrayContaining([401]));
    expect(Object.values(PLATFORM_CODES).map(({ status }) => status)).not.toEqual(expect.arrayContaining([403]));
  });

  it('carries the payment and the verification error Pi sent along', async () => {
    world.answers({
      status: 400,
      body: { error: 'verification_failed', verification_error: 'payment_already_linked_with_a_tx', payment },
    });
    await expect(client.completePayment(ID, TXID)).rejects.toMatchObject({
      verificationError: 'payment_already_linked_with_a_tx',
      payment: { id: ID, metadata: { productId: 'tea' } },
    });
  });

  it('stays the refusal when the payment along with it cannot be read', async () => {
    world.answers({ status: 400, body: { error: 'ongoing_payment_found', payment: { identifier: 7 } } });
    const error = await failure(client.createPayment(createRequest));
    expect(error).toMatchObject({ platformCode: 'ongoing_payment_found', refused: true });
    expect((error as PiApiError).payment).toBeUndefined();
  });

  it.each([{ body: undefined }, { body: { error: 'unauthorized' } }, { body: '<html>' }])(
    'of the API key is our problem, not the caller’s: $body',
    async (stage) => {
      world.answers({ status: 401, ...stage });
      const error = (await failure(client.getPayment(ID))) as PiApiError;
      expect(error).toMatchObject({ code: 'PI_API_KEY_REFUSED', retryable: false });
      expect(error.getStatus()).toBe(500);
      expect(error.message).toContain('PI_API_KEY');
    },
  );

  it.each([
    [404, { error: 'gone_fishing' }, { code: 'PI_NOT_FOUND' }, 404],
    [404, '<html>', { code: 'PI_API_ERROR' }, 502],
    [400, { error: 'brand_new_code' }, { code: 'PI_API_ERROR', platformCode: 'brand_new_code', refused: true }, 502],
    [403, '<html>', { code: 'PI_API_ERROR', refused: true }, 502],
    [418, undefined, { code: 'PI_API_ERROR' }, 502],
    [400, { error: 'constructor' }, { code: 'PI_API_ERROR', platformCode: 'constructor' }, 502],
    [400, { error: { nested: true } }, { code: 'PI_API_ERROR' }, 502],
  ])('%i %j that this version does not know', async (status, body, expected, facing) => {
    world.answers({ status, body });
    const error = (await failure(client.getPayment(ID))) as PiApiError;
    expect(error).toMatchObject(expected);
    expect(error.getStatus()).toBe(facing);
  });

  it.each([
    [401, undefined, PiTokenRefusedError],
    [401, { error: 'anything' }, PiTokenRefusedError],
    [403, '<html>blocked</html>', PiApiError],
    [400, {}, PiApiError],
    [404, '<html>', PiApiError],
    [500, {}, PiUnavailableError],
    [429, {}, PiUnavailableError],
  ])('of /me with %i %j is a no to the token only when it is 401', async (status, body, type) => {
    world.answers({ status, body });
    const error = await failure(client.me(TOKEN));
    expect(error).toBeInstanceOf(type);
    expect((error as PiApiError).getStatus() === 401).toBe(status === 401);
  });

  it('does not print remote control characters', async () => {
    world.answers({ status: 400, body: { error: 'invalid_arguments', error_message: 'a\n2026 LOG forged\u001b[31m' } });
    expect((await failure(client.getPayment(ID))).message).toContain('Pi says: a 2026 LOG forged [31m');
  });
});

describe('an argument that can never be right never leaves the process', () => {
  const walks = [
    '../me',
    '..',
    '.',
    '',
    '%2e%2e',
    'a/b',
    'a%2fb',
    'a?b',
    'a#b',
    'a b',
    'a\r\nX: y',
    'ä',
    `${'a'.repeat(65)}`,
    null,
    7,
    {},
  ];
  const methods: [string, (bad: string) => Promise<unknown>, unknown[]][] = [
    ['getPayment', (bad) => client.getPayment(bad), walks],
    ['approvePayment', (bad) => client.approvePayment(bad), walks],
    ['completePayment', (bad) => client.completePayment(bad, TXID), walks],
    ['cancelPayment', (bad) => client.cancelPayment(bad), walks],
    ['completePayment txid', (bad) => client.completePayment(ID, bad), [...walks, 'f'.repeat(63), 'g'.repeat(64)]],
    [
      'adStatus',
      (bad) => client.adStatus(bad),
      [...walks.filter((walk) => walk !== 'a'.repeat(65)), 'a'.repeat(129), '..a'],
    ],
    ['createPayment uid', (bad) => client.createPayment({ ...createRequest, uid: bad }), walks],
    [
      'createPayment metadata',
      (bad) => client.createPayment({ ...createRequest, metadata: bad as never }),
      [{}, [], null, 'x'],
    ],
    ['createPayment memo', (bad) => client.createPayment({ ...createRequest, memo: bad }), [null, 7]],
  ];

  it.each(methods)('%s', async (_, call, values) => {
    world.answers({ body: payment });
    for (const value of values) {
      const error = await failure(call(value as string));
      expect(error).toBeInstanceOf(PiInvalidArgumentError);
      expect((error as PiInvalidArgumentError).getStatus()).toBe(400);
    }
    expect(world.requests).toHaveLength(0);
  });

  it('createPayment of nothing', async () => {
    world.answers({ body: payment });
    await expect(client.createPayment({ ...createRequest, amount: PiAmount.of(0) })).rejects.toMatchObject({
      field: 'amount',
    });
    expect(world.requests).toHaveLength(0);
  });

  it.each(['', 'a b', 'a\r\nX-Evil: 1', 'ä', 'a'.repeat(4_097), undefined, 7])(
    'the token %p, which is not told',
    async (token) => {
      world.answers({ body: user });
      const error = await failure(client.me(token as string));
      expect(error).toMatchObject({ code: 'PI_TOKEN_REFUSED', reason: 'malformed' });
      expect(world.requests).toHaveLength(0);
    },
  );
});

describe('an answer', () => {
  it('keeps the fields it does not know', async () => {
    world.answers({ body: payment });
    await expect(client.getPayment(ID)).resolves.toMatchObject({ token_canonical: 'Pi' });
    world.answers({ body: user });
    await expect(client.me(TOKEN)).resolves.toMatchObject({ receiving_email: true, app_id: 'shop' });
  });

  it('has the amount exact, and the dates as dates', async () => {
    world.answers({ body: payment });
    const dto = await client.getPayment(ID);
    expect(dto.amount.stroops).toBe(1n);
    expect(dto.created_at).toEqual(new Date('2026-11-20T12:00:00.123Z'));
  });

  it('may lack username and app_id', async () => {
    world.answers({ body: { ...user, username: undefined, app_id: null } });
    const dto = await client.me(TOKEN);
    expect(dto).not.toHaveProperty('username');
    expect(dto).not.toHaveProperty('app_id');
  });

  it.each([
    ['identifier', 7],
    ['user_uid', null],
    ['amount', '1'],
    ['amount', -1],
    ['amount', 1e-8],
    ['amount', 1e30],
    ['amount', null],
    ['memo', undefined],
    ['metadata', 'text'],
    ['metadata', []],
    ['metadata', null],
    ['from_address', 1],
    ['to_address', undefined],
    ['direction', 'sideways'],
    ['created_at', 'yesterday'],
    ['created_at', 1_700_000_000],
    ['network', null],
    ['status', null],
    ['status', { ...payment.status, cancelled: 'no' }],
    ['transaction', undefined],
    ['transaction', { txid: 1, verified: true }],
    ['transaction', { txid: TXID, verified: 'yes' }],
  ])('whose %s is %j is not believed', async (field, value) => {
    world.answers({ body: { ...payment, [field]: value } });
    const error = await failure(client.getPayment(ID));
    expect(error).toMatchObject({ code: 'PI_ANSWER_UNREADABLE', retryable: false });
    expect(error.message).toContain(`payment.${field}`);
  });

  it('that lists incomplete payments as an array is not the contract', async () => {
    world.answers({ body: [payment] });
    await expect(client.incompleteServerPayments()).rejects.toMatchObject({ code: 'PI_ANSWER_UNREADABLE' });
  });
});

describe('toPiPayment', () => {
  it.each([
    ['Pi Network', 'mainnet'],
    ['Pi Testnet', 'testnet'],
  ])('knows %j as %s', async (network, expected) => {
    world.answers({ body: { ...payment, network } });
    expect(toPiPayment(await client.getPayment(ID))).toEqual({
      id: ID,
      uid: payment.user_uid,
      amount: PiAmount.of('0.0000001'),
      memo: 'Tea',
      metadata: { productId: 'tea' },
      network: expected,
      createdAt: new Date(payment.created_at),
    });
  });

  it.each(['', 'pi network', 'Pi Devnet', 'Pi Network '])('refuses %j', async (network) => {
    world.answers({ body: { ...payment, network } });
    const dto = await client.getPayment(ID);
    expect(() => toPiPayment(dto)).toThrow(/network of payment .* has to be "Pi Network" or "Pi Testnet"/);
  });
});

it('keeps to the time given for a call, with its repetitions', async () => {
  world.answers(() => undefined);
  const started = performance.now();
  await failure(client.getPayment(ID, { timeoutMs: 400, retries: 5 }));
  expect(performance.now() - started).toBeLessThan(700);
  expect(world.requests.length).toBeGreaterThanOrEqual(2);
});

it('says each call in one debug line, by its template', async () => {
  world.answers({ status: 503, body: {} }, { body: payment });
  await client.getPayment(ID);
  expect(logged).toEqual([expect.stringMatching(/^GET \/payments\/\{id\} 200 \(\d+ ms, 2 attempts\)$/)]);
});
