import { type Answer, Bench } from '../emulator.fixture.js';
import type { PaymentDto } from './payment.js';

/** A payment brought into a state, and the transaction that pays it where there is one. */
type Staged = { payment: PaymentDto; txid?: string };

describe('a payment call of the backend', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start();
  });
  afterAll(() => bench.stop());

  const approved = async (): Promise<Staged> => {
    const payment = await bench.u2a();
    await bench.approve(payment.identifier);
    return { payment };
  };
  const signed = async (): Promise<Required<Staged>> => {
    const { payment } = await approved();
    const { txid } = await bench.pi.signPayment(payment.identifier);
    await bench.pi.closeLedger();
    return { payment, txid };
  };
  const completed = async (): Promise<Required<Staged>> => {
    const staged = await signed();
    await bench.complete(staged.payment.identifier, staged.txid);
    return staged;
  };
  const cancelled = async (): Promise<Staged> => {
    const payment = await bench.u2a();
    await bench.key('POST', `/payments/${payment.identifier}/cancel`);
    return { payment };
  };
  const userCancelled = async (): Promise<Staged> => {
    const payment = await bench.u2a();
    await bench.pi.userCancel(payment.identifier);
    return { payment };
  };
  const signing = async (): Promise<Required<Staged>> => {
    const { payment } = await approved();
    return { payment, ...(await bench.pi.signPayment(payment.identifier)) };
  };
  const a2u = async (): Promise<Staged> => ({ payment: await bench.a2u() });
  const fresh = async (): Promise<Staged> => ({ payment: await bench.u2a() });

  const SOME_TXID = 'a'.repeat(64);
  const approve = ({ payment }: Staged): Promise<Answer> => bench.approve(payment.identifier);
  const cancel = ({ payment }: Staged): Promise<Answer> => bench.key('POST', `/payments/${payment.identifier}/cancel`);
  const complete = ({ payment, txid = SOME_TXID }: Staged): Promise<Answer> => bench.complete(payment.identifier, txid);
  const completeBy =
    (body: unknown) =>
    ({ payment }: Staged): Promise<Answer> =>
      bench.key('POST', `/payments/${payment.identifier}/complete`, body);

  it.each<[string, number, string, () => Promise<Staged>, (staged: Staged) => Promise<Answer>]>([
    ['approve, twice', 400, 'already_approved', approved, approve],
    ['approve, A2U', 400, 'already_approved', a2u, approve],
    ['approve, completed', 400, 'already_approved', completed, approve],
    ['approve, cancelled', 400, 'cancelled_payment', cancelled, approve],
    ['approve, cancelled by the user', 400, 'cancelled_payment', userCancelled, approve],
    ['complete, twice', 400, 'already_completed', completed, complete],
    ['complete, cancelled', 400, 'cancelled_payment', cancelled, complete],
    ['complete, cancelled by the user', 400, 'cancelled_payment', userCancelled, complete],
    ['complete, not approved', 400, 'not_verified', fresh, complete],
    ['complete, in no ledger yet', 400, 'not_verified', signing, complete],
    ['complete, by another transaction', 400, 'txid_mismatch', signed, completeBy({ txid: SOME_TXID })],
    ['cancel, completed', 400, 'already_completed', completed, cancel],
    ['cancel, twice', 400, 'cancelled_payment', cancelled, cancel],
    ['cancel, cancelled by the user', 400, 'cancelled_payment', userCancelled, cancel],
    ['cancel, signed', 400, 'payment_tx_present', signed, cancel],
    ['cancel, while the user signs', 403, 'forbidden', signing, cancel],
  ])('%s: %i %s, with the payment', async (_case, status, error, stage, call) => {
    const staged = await stage();
    const now = (await bench.key('GET', `/payments/${staged.payment.identifier}`)).body;
    const answer = await call(staged);
    expect([answer.status, answer.body]).toEqual([status, { error, error_message: expect.any(String), payment: now }]);
  });

  it.each<[string, number, string, unknown]>([
    ['no body', 400, 'missing_param', undefined],
    ['no txid', 400, 'missing_txid', {}],
    ['an empty txid', 400, 'missing_txid', { txid: '' }],
    ['a txid that is no text', 400, 'invalid_arguments', { txid: 7 }],
  ])('complete with %s: %i %s, and nothing is linked', async (_case, status, error, body) => {
    const staged = await signed();
    const answer = await completeBy(body)(staged);
    expect([answer.status, answer.body]).toEqual([status, { error, error_message: expect.any(String) }]);
    expect((await complete(staged)).status).toBe(200);
  });

  it.each([
    ['GET', '/payments/0000000000000000000000000000'],
    ['POST', '/payments/0000000000000000000000000000/approve'],
    ['POST', '/payments/0000000000000000000000000000/complete'],
    ['POST', '/payments/0000000000000000000000000000/cancel'],
  ])('%s %s of an unknown payment: 404', async (method, path) => {
    const { status, body } = await bench.key(method, path, method === 'POST' ? { txid: SOME_TXID } : undefined);
    expect([status, body.error]).toEqual([404, 'payment_not_found']);
  });

  it.each([
    ['POST', '/payments'],
    ['GET', '/payments/incomplete_server_payments'],
    ['GET', '/payments/0000000000000000000000000000'],
    ['POST', '/payments/0000000000000000000000000000/approve'],
    ['GET', '/ads_network/status/x'],
  ])('%s %s with a wrong key: 401', async (method, path) => {
    for (const authorization of ['', 'Key emulated_wrong', `Bearer ${bench.pi.apiKey}`, bench.pi.apiKey]) {
      const { status, body } = await bench.key(method, path, undefined, { authorization });
      expect([status, body]).toEqual([401, { error: 'unauthorized', error_message: expect.any(String) }]);
    }
  });

  it('takes the scheme in any case', async () => {
    const answer = await bench.key('GET', '/payments/incomplete_server_payments', undefined, {
      authorization: `key ${bench.pi.apiKey}`,
    });
    expect(answer.status).toBe(200);
  });

  it('has no list of payments', async () => {
    const { status, body } = await bench.key('GET', '/payments');
    expect([status, body.error]).toEqual([404, 'not_found']);
  });

  it.each([
    ['an announced but empty JSON body', 'application/json', ''],
    ['a form', 'application/x-www-form-urlencoded', 'a=b'],
  ])('approves with %s', async (_case, type, content) => {
    const { payment } = await fresh();
    const answer = await bench.key('POST', `/payments/${payment.identifier}/approve`, content, {
      'content-type': type,
    });
    expect([answer.status, answer.body.status.developer_approved]).toEqual([200, true]);
  });
});
