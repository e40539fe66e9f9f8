import { Bench, METADATA } from '../emulator.fixture.js';

const PAYMENT = { amount: 1, memo: 'Apples', metadata: METADATA };

describe('the control API', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start();
  });
  afterAll(() => bench.stop());

  it('says that it is well, and what a backend needs', async () => {
    const { pi } = bench;
    expect((await bench.control('GET', '/health')).body).toEqual({ status: 'ok', network: 'testnet', ledger: 1 });
    expect((await bench.control('GET', '/app')).body).toEqual({
      apiKey: pi.apiKey,
      appId: pi.appId,
      network: 'testnet',
      passphrase: 'Pi Testnet',
      platformUrl: pi.platformUrl,
      horizonUrl: pi.url,
      wallets: [pi.wallet],
    });
  });

  it('makes Pioneers with realistic names of their own, a token and 1000 Pi', async () => {
    const made = await Promise.all(
      Array.from({ length: 50 }, async () => (await bench.control('POST', '/pioneers')).body),
    );
    expect(new Set(made.map(({ username }) => username)).size).toBe(50);
    for (const { uid, username, accessToken, walletAddress } of made) {
      expect(uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(username).toMatch(/^[a-z]{5,}\d{0,3}$/);
      expect(accessToken).toMatch(/^emulated_token_[0-9A-Za-z]{43}$/);
      expect(bench.pi.chain.account(walletAddress)?.balance).toBe(10_000_000_000n);
    }
  });

  it.each([
    [12.5, 125_000_000n],
    ['0.98', 9_800_000n],
    [0, undefined],
  ])('gives a wallet %s Pi', async (balance, stroops) => {
    const { walletAddress } = (await bench.control('POST', '/pioneers', { balance })).body;
    expect(bench.pi.chain.account(walletAddress)?.balance).toBe(stroops);
  });

  const uid = async (): Promise<string> => (await bench.pi.createPioneer()).uid;

  it.each<[string, string, unknown, number, string, RegExp]>([
    ['POST', '/pioneers', '"amara"', 400, 'invalid_pioneer', /A Pioneer is an object/],
    ['POST', '/pioneers', '{', 400, 'bad_request', /not JSON/],
    ['POST', '/pioneers', { username: '' }, 400, 'invalid_pioneer', /username is "": give a text/],
    ['POST', '/pioneers', { scopes: 'payments' }, 400, 'invalid_pioneer', /scopes is "payments": give a list/],
    ['POST', '/pioneers', { balance: -1 }, 400, 'invalid_pioneer', /balance is -1: give Pi/],
    ['POST', '/pioneers', { balance: 0.5 }, 400, 'invalid_pioneer', /at least 0\.98/],
    ['POST', '/pioneers', { balance: '1.00000001' }, 400, 'invalid_pioneer', /at most 7 decimals/],
    ['POST', '/pioneers', { tokenTtlMs: '1' }, 400, 'invalid_pioneer', /tokenTtlMs is "1": give milliseconds/],
    ['POST', '/pioneers', { wallet: 'no' }, 400, 'invalid_pioneer', /wallet is "no": give true or false/],
    ['POST', '/pioneers/nobody/payments', PAYMENT, 404, 'unknown_pioneer', /uid nobody/],
    ['POST', '/pioneers/:uid/payments', undefined, 400, 'invalid_payment', /A payment is an object/],
    ['POST', '/pioneers/:uid/payments', { ...PAYMENT, amount: 'one' }, 400, 'invalid_amount', /amount/],
    ['POST', '/pioneers/:uid/payments', { ...PAYMENT, amount: 0 }, 400, 'invalid_amount', /amount/],
    ['POST', '/pioneers/:uid/payments', { ...PAYMENT, memo: '' }, 400, 'invalid_arguments', /memo/],
    ['POST', '/pioneers/:uid/payments', { ...PAYMENT, metadata: {} }, 400, 'invalid_metadata', /metadata/],
    ['POST', '/pioneers/nobody/tokens', {}, 404, 'unknown_pioneer', /uid nobody/],
    ['POST', '/pioneers/:uid/tokens', { scopes: [7] }, 400, 'invalid_pioneer', /scopes is \[7\]/],
    ['DELETE', '/pioneers/nobody', undefined, 404, 'unknown_pioneer', /uid nobody/],
    ['GET', '/payments/nothing', undefined, 404, 'unknown_payment', /identifier nothing/],
    ['POST', '/payments/nothing/user_cancel', undefined, 404, 'unknown_payment', /identifier nothing/],
    ['POST', '/ads', undefined, 400, 'bad_request', /JSON object/],
    ['POST', '/ads', { uid: 'nobody' }, 404, 'unknown_pioneer', /uid nobody/],
    ['PATCH', '/ads/nothing', { status: 'granted' }, 404, 'unknown_ad', /adId nothing/],
    ['PATCH', '/ads/nothing', { status: 'seen' }, 400, 'invalid_ad', /status is "seen": give 'granted'/],
    ['PUT', '/state', {}, 400, 'invalid_state', /version/],
    ['GET', '/journal?path=%5E(', undefined, 400, 'invalid_filter', /regular expression/],
    ['GET', '/journal?after=yesterday', undefined, 400, 'invalid_filter', /number of an entry/],
  ])('%s %s with %j: %i %s, and nothing changed', async (method, path, body, status, error, message) => {
    const address = path.replace(':uid', await uid());
    const before = bench.pi.state();
    const answer = await bench.control(method, address, body);
    expect([answer.status, answer.body.error]).toEqual([status, error]);
    expect(answer.body.message).toMatch(message);
    expect(bench.pi.state()).toEqual(before);
  });

  it('refuses a username twice', async () => {
    await bench.pi.createPioneer({ username: 'wanjiru' });
    const { status, body } = await bench.control('POST', '/pioneers', { username: 'wanjiru' });
    expect([status, body.error]).toEqual([409, 'username_taken']);
  });

  it('shows payments of one Pioneer, and what really applied', async () => {
    const { identifier, user_uid, from_address } = await bench.u2a(2);
    await bench.approve(identifier);
    const { txid } = await bench.pi.signPayment(identifier);
    await bench.control('POST', '/ledgers/close');
    expect((await bench.control('GET', `/payments?uid=${user_uid}`)).body).toMatchObject([{ identifier }]);
    expect((await bench.control('GET', `/transactions?account=${from_address}`)).body).toEqual([
      {
        hash: txid,
        successful: true,
        ledger: expect.any(Number),
        closedAt: expect.stringMatching(/Z$/),
        sourceAccount: from_address,
        sequence: expect.stringMatching(/^\d+$/),
        feeAccount: from_address,
        feeCharged: '100000',
        memo: identifier,
        resultCode: 'tx_success',
        operationCodes: ['op_success'],
        operations: [
          { type: 'payment', source: from_address, destination: bench.pi.wallet.address, amount: '2.0000000' },
        ],
        envelopeXdr: expect.any(String),
      },
    ]);
  });

  it('closes a ledger by hand', async () => {
    const before = bench.pi.chain.latest.sequence;
    const { body } = await bench.control('POST', '/ledgers/close');
    expect(body).toMatchObject({
      sequence: before + 1,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      transactions: 0,
    });
  });

  it('answers pages of other origins, also when they ask first', async () => {
    const origin = 'http://localhost:3000';
    const asked = await bench.call('OPTIONS', '/v2/me', undefined, {
      origin,
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'authorization',
    });
    expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, origin]);
    const answer = await bench.call('GET', '/_emulator/health', undefined, { origin });
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
  });

  it('begins anew', async () => {
    await bench.u2a();
    bench.pi.addFault({ fault: 'error' });
    const { ledger } = bench.pi.health();
    expect((await bench.control('POST', '/reset')).body).toEqual({ status: 'ok', network: 'testnet', ledger: 1 });
    expect(ledger).toBeGreaterThan(1);
    expect([bench.pi.pioneers(), bench.pi.payments(), bench.pi.faults.list(), bench.pi.journal()]).toEqual([
      [],
      [],
      [],
      [],
    ]);
    expect(bench.pi.transactions()).toEqual([]);
    expect(bench.pi.chain.account(bench.pi.wallet.address)?.balance).toBe(10_000_000_000_000n);
    expect((await bench.u2a()).identifier).toHaveLength(28);
  });
});
