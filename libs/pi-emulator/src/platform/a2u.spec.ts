import { type Answer, Bench, METADATA } from '../emulator.fixture.js';
import type { PaymentDto } from './payment.js';

/** Everything `POST /payments` can refuse. `uid` of a good recipient unless the case makes its own. */
const REFUSED: [string, number, string, (bench: Bench) => Promise<unknown>][] = [
  ['no body', 400, 'invalid_arguments', async () => undefined],
  ['a body that is no JSON', 400, 'invalid_arguments', async () => '{'],
  ['no payment', 400, 'invalid_arguments', async () => ({})],
  ['no memo', 400, 'invalid_arguments', (bench) => request(bench, { memo: undefined })],
  ['no uid', 400, 'invalid_arguments', (bench) => request(bench, { uid: undefined })],
  ['no amount', 400, 'invalid_amount', (bench) => request(bench, { amount: undefined })],
  ['an amount of zero', 400, 'invalid_amount', (bench) => request(bench, { amount: 0 })],
  ['a negative amount', 400, 'invalid_amount', (bench) => request(bench, { amount: -1 })],
  ['an amount as text', 400, 'invalid_amount', (bench) => request(bench, { amount: '1' })],
  ['eight decimals', 400, 'invalid_amount', (bench) => request(bench, { amount: 0.00000001 })],
  ['more Pi than a chain can hold', 400, 'invalid_amount', (bench) => request(bench, { amount: 1e12 })],
  ['no metadata', 400, 'invalid_metadata', (bench) => request(bench, { metadata: undefined })],
  ['empty metadata', 400, 'invalid_metadata', (bench) => request(bench, { metadata: {} })],
  ['a list as metadata', 400, 'invalid_metadata', (bench) => request(bench, { metadata: ['a'] })],
  ['an unknown uid', 404, 'user_not_found', (bench) => request(bench, { uid: 'a1111111-aaaa-bbbb-2222-ccccccc3333d' })],
  [
    'a Pioneer who took consent back',
    404,
    'user_not_found',
    async (bench) => {
      const { uid } = await bench.pi.createPioneer();
      await bench.pi.revokeApp(uid);
      return request(bench, { uid });
    },
  ],
  [
    'a Pioneer who did not grant wallet_address',
    401,
    'missing_scope',
    async (bench) => request(bench, { uid: (await bench.pi.createPioneer({ scopes: ['username', 'payments'] })).uid }),
  ],
  [
    'a Pioneer without a wallet',
    400,
    'missing_wallet',
    async (bench) => request(bench, { uid: (await bench.pi.createPioneer({ wallet: false })).uid }),
  ],
];

async function request(bench: Bench, other: object): Promise<{ payment: object }> {
  const { uid } = await bench.pi.createPioneer();
  return { payment: { amount: 1, memo: 'Thank you', metadata: METADATA, uid, ...other } };
}

const create = async (bench: Bench, other: object = {}): Promise<Answer> =>
  bench.key('POST', '/payments', await request(bench, other));

describe('A2U payments', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start();
  });
  afterAll(() => bench.stop());

  it('are approved from the start and know both addresses', async () => {
    const pioneer = await bench.pi.createPioneer();
    const { status, body } = await create(bench, { uid: pioneer.uid, amount: 0.0000001 });
    expect(status).toBe(200);
    expect(body).toEqual({
      identifier: expect.stringMatching(/^[0-9A-Za-z]{28}$/),
      user_uid: pioneer.uid,
      amount: 1e-7,
      memo: 'Thank you',
      metadata: METADATA,
      from_address: bench.pi.wallet.address,
      to_address: pioneer.walletAddress,
      direction: 'app_to_user',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      network: 'Pi Testnet',
      status: {
        developer_approved: true,
        transaction_verified: false,
        developer_completed: false,
        cancelled: false,
        user_cancelled: false,
      },
      transaction: null,
    });
  });

  it('write tiny amounts as numbers in scientific notation', async () => {
    const { text } = await create(bench, { amount: 1e-7 });
    expect(text).toContain('"amount":1e-7,');
  });

  it.each(REFUSED)('are refused for %s: %i %s', async (_case, status, error, body) => {
    const answer = await bench.key('POST', '/payments', await body(bench));
    expect([answer.status, answer.body]).toEqual([status, { error, error_message: expect.any(String) }]);
  });

  it('are completed by the transaction that paid them, which shows only then', async () => {
    const payment = await bench.a2u(2.25);
    const txid = await bench.pay(payment);
    expect((await bench.key('GET', `/payments/${payment.identifier}`)).body.transaction).toBeNull();
    const { status, body } = await bench.complete(payment.identifier, txid);
    expect([status, body.status, body.transaction]).toEqual([
      200,
      { ...payment.status, transaction_verified: true, developer_completed: true },
      { txid, verified: true, _link: `${bench.pi.url}/transactions/${txid}` },
    ]);
    expect((await bench.key('GET', `/payments/${payment.identifier}`)).body).toEqual(body);
  });

  it('may be paid twice on the chain: Pi does not stop it', async () => {
    const payment = await bench.a2u();
    await bench.pay(payment);
    const second = await bench.pay(payment);
    expect((await bench.complete(payment.identifier, second)).status).toBe(200);
  });

  it('lists those neither completed nor cancelled, in an object', async () => {
    const own = await Bench.start();
    const [open, cancelled, completed] = [await own.a2u(), await own.a2u(), await own.a2u()];
    await own.key('POST', `/payments/${cancelled.identifier}/cancel`);
    await own.complete(completed.identifier, await own.pay(completed));
    await own.u2a();
    const { body } = await own.key('GET', '/payments/incomplete_server_payments');
    expect(body).toEqual({ incomplete_server_payments: [open] });
    await own.stop();
  });

  describe('one unfinished at a time', () => {
    it.each([
      ['user', [200, 400], [200, 200]],
      ['app', [400, 400], [200, 400]],
    ] as const)('with the limit per %s', async (a2uLimit, whileOngoing, afterwards) => {
      const own = await Bench.start({ a2uLimit });
      const ongoing = await own.a2u();
      const toAnother = await create(own);
      const toSame = await create(own, { uid: ongoing.user_uid });
      expect([toAnother.status, toSame.status]).toEqual(whileOngoing);
      expect(toSame.body).toEqual({
        error: 'ongoing_payment_found',
        error_message: expect.any(String),
        payment: ongoing,
      });
      await own.key('POST', `/payments/${ongoing.identifier}/cancel`);
      const next = [await create(own), await create(own, { uid: ongoing.user_uid })];
      expect(next.map(({ status }) => status)).toEqual(afterwards);
      await own.stop();
    });
  });

  it('are limited per user and day when told so', async () => {
    const own = await Bench.start({ maxPaymentsPerUser: 2, maxCancelledPaymentsPerUser: 1 });
    const { uid } = await own.pi.createPioneer();
    const first = await own.a2u(1, uid);
    await own.complete(first.identifier, await own.pay(first));
    const second = await own.a2u(1, uid);
    await own.key('POST', `/payments/${second.identifier}/cancel`);
    expect((await create(own, { uid })).body.error).toBe('too_many_payments');
    const other = await own.a2u();
    await own.key('POST', `/payments/${other.identifier}/cancel`);
    expect((await create(own, { uid: other.user_uid })).body.error).toBe('too_many_cancelled_payments');
    await own.stop();
  });

  it('are not available on mainnet when told so', async () => {
    const own = await Bench.start({ network: 'mainnet', a2uOnMainnet: false });
    const { status, body } = await create(own);
    expect([status, body.error]).toEqual([400, 'feature_not_available']);
    await own.stop();
  });

  it('are paid from the wallet their metadata names', async () => {
    const own = await Bench.start({ wallets: 2 });
    const wallet = own.pi.wallets[1]?.address;
    const { body } = await create(own, { metadata: { wallet } });
    expect(body.from_address).toBe(wallet);
    await own.stop();
  });

  describe('a /complete that fails verification', () => {
    const WRONG: [string, (payment: PaymentDto) => Promise<string>][] = [
      ['tx_not_found', async () => 'f'.repeat(64)],
      ['tx_memo_payment_identifier_mismatch', (payment) => bench.pay(payment, { memo: 'another' })],
      ['tx_to_address_mismatch', (payment) => bench.pay(payment, { destination: bench.pi.wallet.address })],
      ['tx_amount_mismatch', (payment) => bench.pay(payment, { stroops: 14_999_999n })],
      ['tx_not_successful', (payment) => bench.pay(payment, { stroops: 10n ** 17n })],
      ['tx_from_address_mismatch', async (payment) => bench.payFrom((await bench.pi.createPioneer()).uid, payment)],
    ];

    it.each(WRONG)('says %s and links the txid for good', async (reason, wrongTxid) => {
      const payment = await bench.a2u();
      const path = `/payments/${payment.identifier}`;
      const failed = await bench.complete(payment.identifier, await wrongTxid(payment));
      expect([failed.status, failed.body]).toEqual([
        400,
        { error: 'verification_failed', error_message: expect.any(String), verification_error: reason },
      ]);
      const again = await bench.complete(payment.identifier, await bench.pay(payment));
      expect([again.status, again.body.error, again.body.verification_error]).toEqual([
        400,
        'verification_failed',
        'payment_already_linked_with_a_tx',
      ]);
      expect((await bench.key('POST', `${path}/cancel`)).body.error).toBe('payment_tx_present');
      expect((await create(bench, { uid: payment.user_uid })).body.error).toBe('ongoing_payment_found');
      expect((await bench.key('GET', path)).body.transaction).toBeNull();
    });
  });
});
