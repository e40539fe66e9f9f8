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
    ['POST', '/ads', undefined, 400, 'invalid_ad', /An ad is an object/],
    ['POST', '/ads', { status: 'granted' }, 400, 'invalid_ad', /uid is undefined: give the Pioneer's uid/],
    ['POST', '/ads', { uid: 'nobody' }, 404, 'unknown_pioneer', /uid nobody/],
    ['PATCH', '/ads/nothing', { status: 'granted' }, 404, 'unknown_ad', /adId nothing/],
    ['PATCH', '/ads/nothing', { status: 'seen' }, 400, 'invalid_ad', /status is "seen": give 'granted'/],
    ['PATCH', '/ads/nothing', undefined, 400, 'invalid_ad', /an object: { status }/],
    ['POST', '/payments/nothing/sign', { wait: 'no' }, 400, 'invalid_signing', /wait is "no": give true or false/],
    ['POST', '/payments/nothing/sign', [], 400, 'invalid_signing', /{ wait\?, link\? }/],
    ['POST', '/chain/fund', [], 400, 'bad_request', /JSON object/],
    ['POST', '/chain/fund', { address: 'G', stroops: '1' }, 400, 'invalid_arguments', /"G" is no address/],
    ['POST', '/chain/close', { ledgers: 0 }, 400, 'invalid_arguments', /ledgers is 0: give a whole number, 1 or more/],
    ['POST', '/chain/trim-history', { before: 'x' }, 400, 'invalid_arguments', /give the number of a ledger/],
    [
      'POST',
      '/chain/submits',
      { answer: 'timout' },
      400,
      'invalid_arguments',
      /answer is "timout": give one of normal/,
    ],
    ['POST', '/chain/submits', { apply: 'nver' }, 400, 'invalid_arguments', /apply is "nver".*or a number of ledgers/],
    ['POST', '/chain/submits', { times: 0 }, 400, 'invalid_arguments', /times is 0: give a whole number, 1 or more/],
    ['POST', '/chain/reads', {}, 400, 'invalid_arguments', /answer is undefined: give one of not_found/],
    ['POST', '/chain/reads', { answer: 'lost', pattern: '(' }, 400, 'invalid_arguments', /regular expression/],
    ['POST', '/chain/reads', { answer: 'error', status: 1 }, 400, 'invalid_arguments', /HTTP status from 200 to 599/],
    ['POST', '/chain/replicas', {}, 400, 'invalid_arguments', /lags is undefined: give a list/],
    ['POST', '/chain/replicas', { lags: [1], pick: 'any' }, 400, 'invalid_arguments', /once, cycle, random/],
    ['POST', '/chain/hide', { listings: true }, 400, 'invalid_arguments', /listings needs a hash/],
    ['POST', '/chain/use-sequence', { outcome: 'lost' }, 400, 'invalid_arguments', /success, failed/],
    ['POST', '/chain/reset', { accounts: 'kept' }, 400, 'invalid_arguments', /gone, refunded/],
    ['GET', '/chain/accounts/G', undefined, 404, 'unknown_account', /no account G/],
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

  it.each<[string, string, unknown, string, string]>([
    ['POST', '/reset', { ledger: 1 }, 'ledger', 'none'],
    ['POST', '/pioneers', { user: 'amara' }, 'user', 'username, scopes, balance, tokenTtlMs, wallet, appId'],
    ['POST', '/pioneers/:uid/tokens', { username: 'x' }, 'username', 'scopes, tokenTtlMs, appId'],
    ['POST', '/pioneers/:uid/payments', { ...PAYMENT, uid: 'x' }, 'uid', 'amount, memo, metadata'],
    ['POST', '/payments/x/sign', { waits: false }, 'waits', 'wait, link'],
    ['POST', '/payments/x/user_cancel', { reason: 'x' }, 'reason', 'none'],
    ['POST', '/ads', { uid: 'x', state: 'granted' }, 'state', 'uid, status'],
    ['PATCH', '/ads/x', { state: 'granted' }, 'state', 'status'],
    [
      'POST',
      '/faults',
      { fault: 'error', probabilty: 0.5 },
      'probabilty',
      'match, fault, times, probability, latencyMs, status, code, retryAfter',
    ],
    ['POST', '/faults', { fault: 'error', match: { url: '/v2' } }, 'url', 'method, path'],
    ['POST', '/ledgers/close', { ledgers: 3 }, 'ledgers', 'none'],
    ['GET', '/journal?since=3', undefined, 'since', 'method, path, after'],
    ['GET', '/payments?user=x', undefined, 'user', 'uid'],
    ['GET', '/transactions?address=x', undefined, 'address', 'account'],
    ['GET', '/chain/transactions?address=x', undefined, 'address', 'account'],
    ['POST', '/chain/close', { count: 3 }, 'count', 'ledgers'],
    ['POST', '/chain/advance', { seconds: 3, ms: 1 }, 'ms', 'seconds'],
    ['POST', '/chain/fund', { address: 'x', pi: 1 }, 'pi', 'address, stroops'],
    ['POST', '/chain/replicas', { lags: [1], picks: 'cycle' }, 'picks', 'path, pattern, lags, pick, seed'],
    ['POST', '/chain/ingestion-lag', { ledger: 1 }, 'ledger', 'ledgers'],
    ['POST', '/chain/hide', { time: 1 }, 'time', 'hash, times, listings'],
    [
      'POST',
      '/chain/submits',
      { answers: 'lost' },
      'answers',
      'times, account, hash, apply, answer, afterApplied, delayMs, status',
    ],
    ['POST', '/chain/reads', { answer: 'lost', url: '/' }, 'url', 'path, pattern, times, answer, delayMs, status'],
    ['POST', '/chain/use-sequence', { seed: 'S' }, 'seed', 'secret, outcome'],
    ['POST', '/chain/bump-sequence', { seed: 'S' }, 'seed', 'secret, by, to'],
    ['POST', '/chain/dust', { wallet: 'G' }, 'wallet', 'to, memo, stroops'],
    ['POST', '/chain/look-alike', { to: 'G' }, 'to', 'wallet, memo, stroops, sequence'],
    ['POST', '/chain/fee-bump', { txid: 'f' }, 'txid', 'hash, envelopeXdr'],
    ['POST', '/chain/surge', { fee: '1' }, 'fee', 'stroops'],
    ['POST', '/chain/reset', { account: 'gone' }, 'account', 'accounts, genesis'],
    ['POST', '/chain/trim-history', { ledger: 1 }, 'ledger', 'before'],
    ['POST', '/chain/calm', { now: true }, 'now', 'none'],
    ['POST', '/sdk/sessions', { name: 'amara' }, 'name', 'uid, username, scopes'],
  ])('%s %s with %j: does not know %s, takes %s, and nothing changed', async (method, path, body, field, known) => {
    const address = path.replace(':uid', await uid());
    const before = [bench.pi.state(), bench.pi.faults.list()];
    const answer = await bench.control(method, address, body);
    expect([answer.status, answer.body.error]).toEqual([400, 'unknown_field']);
    expect(answer.body.message).toMatch(new RegExp(`has no field '${field}': it takes ${known}\\.$`));
    expect([bench.pi.state(), bench.pi.faults.list()]).toEqual(before);
  });

  it.each<[string, string, number, string, string | null]>([
    ['GET', '/nothing', 404, 'not_found', null],
    ['POST', '/chain/nothing', 404, 'not_found', null],
    ['GET', '/reset', 405, 'method_not_allowed', 'POST'],
    ['DELETE', '/state/', 405, 'method_not_allowed', 'GET, HEAD, PUT'],
    ['PUT', '/pioneers/x/tokens', 405, 'method_not_allowed', 'POST, DELETE'],
    ['GET', '/chain/close', 405, 'method_not_allowed', 'POST'],
    ['POST', '', 405, 'method_not_allowed', 'GET, HEAD'],
  ])('%s %s: %i %s, methods %s', async (method, path, status, error, allow) => {
    const answer = await bench.control(method, path);
    expect([answer.status, answer.body.error, answer.headers.get('allow')]).toEqual([status, error, allow]);
    expect(answer.body.message).toContain(`/_emulator${path.replace(/\/$/, '')}`);
  });

  it.each([
    ['as curl sends it', 'application/x-www-form-urlencoded', '{"username":"curl"}'],
    ['as text', 'text/plain;charset=UTF-8', '{"username":"text"}'],
  ])('reads a body %s as JSON', async (_how, type, body) => {
    const answer = await bench.call('POST', '/_emulator/pioneers/', body, { 'content-type': type });
    expect([answer.status, answer.body.username]).toEqual([200, JSON.parse(body).username]);
  });

  it.each([undefined, '', '{}'])('takes a body of %j where nothing is needed', async (body) => {
    expect((await bench.control('POST', '/ledgers/close', body)).status).toBe(200);
  });

  it('answers HEAD without a body', async () => {
    const { status, text } = await bench.control('HEAD', '/health');
    expect([status, text]).toEqual([200, '']);
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
