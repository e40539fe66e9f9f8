import { Logger } from '@nestjs/common';
import { type EmulatedPioneer, type Fault, PiEmulator } from 'pi-emulator';
import { PiHorizonClient } from '../chain/horizon-client.js';
import { PiAmount } from '../chain/pi-amount.js';
import { verifyPaymentTransaction } from '../chain/verify-payment-transaction.js';
import { createPiHttp, type PiHttpService } from '../http/pi-http.js';
import { PiPlatformClient } from './platform.client.js';
import { toPiPayment } from './to-pi-payment.js';

/** Every call of the contract table, over the emulated Pi. */
let pi: PiEmulator;
let http: PiHttpService;
let client: PiPlatformClient;
let pioneer: EmulatedPioneer;

beforeAll(async () => {
  Logger.overrideLogger(['error']);
  pi = await PiEmulator.start({ port: 0, ledgerMs: 30 });
  http = createPiHttp({ timeoutMs: 2_000, retries: 2 });
  client = new PiPlatformClient({ http, apiKey: pi.apiKey, platformUrl: pi.platformUrl });
});
afterAll(async () => {
  await http.close();
  await pi.stop();
});
beforeEach(async () => {
  pioneer = await pi.createPioneer({ scopes: ['username', 'payments', 'wallet_address', 'in_app_notifications'] });
});
afterEach(() => pi.clearFaults());

const a2u = (uid = pioneer.uid, amount = '0.0000001') => ({
  uid,
  amount: PiAmount.of(amount),
  memo: 'Reward',
  metadata: { key: 'k1' },
});
const u2a = () => pi.createPayment(pioneer.uid, { amount: 1.5, memo: 'Tea', metadata: { productId: 'tea' } });

it('verifies a token', async () => {
  const user = await client.me(pioneer.accessToken);
  expect(user).toMatchObject({ uid: pioneer.uid, username: pioneer.username, app_id: pi.appId });
  expect(user.credentials.scopes).toContain('payments');
  expect(user.credentials.valid_until.timestamp * 1_000).toBeGreaterThan(Date.now());
  await expect(client.me('not-a-token')).rejects.toMatchObject({ code: 'PI_TOKEN_REFUSED', reason: 'refused' });
});

it('takes a payment of a user from approval to completion, its transaction checked on the chain', async () => {
  const { identifier } = await u2a();
  const asked = toPiPayment(await client.getPayment(identifier));
  expect(asked).toMatchObject({
    id: identifier,
    uid: pioneer.uid,
    memo: 'Tea',
    network: 'testnet',
    amount: PiAmount.of('1.5'),
  });

  await expect(client.approvePayment(identifier)).resolves.toMatchObject({ status: { developer_approved: true } });
  await expect(client.approvePayment(identifier)).rejects.toMatchObject({
    platformCode: 'already_approved',
    payment: { id: identifier },
    refused: true,
  });

  const { txid } = await pi.signPayment(identifier);
  const signed = await client.getPayment(identifier);
  const transaction = await new PiHorizonClient({ http, horizonUrl: pi.horizonUrl }).transaction(txid);
  await verifyPaymentTransaction(transaction!, {
    passphrase: signed.network,
    paymentId: identifier,
    destination: signed.to_address,
    source: signed.from_address,
    amount: signed.amount,
  });

  await expect(client.completePayment(identifier, txid)).resolves.toMatchObject({
    status: { developer_completed: true },
    transaction: { txid, verified: true },
  });
  await expect(client.completePayment(identifier, txid)).rejects.toMatchObject({ platformCode: 'already_completed' });
  await expect(client.cancelPayment(identifier)).rejects.toMatchObject({ platformCode: 'already_completed' });
});

it('cancels, and hears of the second time', async () => {
  const { identifier } = await u2a();
  await expect(client.cancelPayment(identifier)).resolves.toMatchObject({ status: { cancelled: true } });
  await expect(client.cancelPayment(identifier)).rejects.toMatchObject({
    platformCode: 'cancelled_payment',
    payment: { id: identifier },
  });
});

it('creates a payout of a single stroop, finds it among the incomplete, and cancels it', async () => {
  const created = await client.createPayment(a2u());
  expect(created).toMatchObject({ direction: 'app_to_user', amount: PiAmount.ofStroops(1n), metadata: { key: 'k1' } });
  expect((await client.incompleteServerPayments()).map(({ identifier }) => identifier)).toEqual([created.identifier]);
  await expect(client.createPayment(a2u())).rejects.toMatchObject({
    platformCode: 'ongoing_payment_found',
    payment: { id: created.identifier, metadata: { key: 'k1' } },
    retryable: true,
  });
  await client.cancelPayment(created.identifier);
  await expect(client.incompleteServerPayments()).resolves.toEqual([]);
});

it('hears that a recipient has not granted wallet_address: no bad key, no 401', async () => {
  const shy = await pi.createPioneer({ scopes: ['username'] });
  const error = await client.createPayment(a2u(shy.uid)).catch((error: unknown) => error);
  expect(error).toMatchObject({ platformCode: 'missing_scope', platformStatus: 401, retryable: false });
  expect((error as { getStatus(): number }).getStatus()).toBe(422);
});

it('hears of what does not exist', async () => {
  await expect(client.getPayment('x'.repeat(28))).rejects.toMatchObject({
    platformCode: 'payment_not_found',
    status: 404,
  });
  await expect(client.createPayment(a2u('a1111111-aaaa-4bbb-8222-ccccccc3333d'))).rejects.toMatchObject({
    platformCode: 'user_not_found',
  });
});

it.each([null, 'granted', 'revoked', 'failed'] as const)('reads an ad whose status is %j', async (status) => {
  const { adId } = await pi.createAd({ uid: pioneer.uid, status });
  await expect(client.adStatus(adId)).resolves.toMatchObject({ identifier: adId, mediator_ack_status: status });
});

it('notifies', async () => {
  const notification = { title: 'Hello', body: 'Your tea is ready', user_uid: pioneer.uid, subroute: '/orders/1' };
  await expect(client.notify([notification])).resolves.toMatchObject({
    success: true,
    delivered_notifications: [notification],
  });
});

it('says that it is the API key that is wrong', async () => {
  const wrong = new PiPlatformClient({ http, apiKey: 'emulated_wrong', platformUrl: pi.platformUrl });
  const error = await wrong.getPayment('x'.repeat(28)).catch((error: unknown) => error);
  expect(error).toMatchObject({ code: 'PI_API_KEY_REFUSED', message: expect.stringContaining('PI_API_KEY') });
  expect((error as { getStatus(): number }).getStatus()).toBe(500);
});

describe('when the answer is lost after the work was done', () => {
  const lost: Fault = { fault: 'drop_after', times: 1 };

  it.each([
    ['approve', 'already_approved', (id: string) => client.approvePayment(id)],
    ['cancel', 'cancelled_payment', (id: string) => client.cancelPayment(id)],
  ] as const)('%s is repeated, and hears %s', async (_, platformCode, call) => {
    const { identifier } = await u2a();
    pi.addFault({ ...lost, match: { method: 'POST', path: '/v2/payments' } });
    await expect(call(identifier)).rejects.toMatchObject({ platformCode, payment: { id: identifier } });
  });

  it('a payout is not created again: it is found among the incomplete', async () => {
    const before = pi.payments(pioneer.uid).length;
    pi.addFault({ ...lost, match: { method: 'POST', path: '/v2/payments' } });
    await expect(client.createPayment(a2u())).rejects.toMatchObject({ code: 'PI_UNAVAILABLE', reason: 'network' });
    expect(pi.payments(pioneer.uid)).toHaveLength(before + 1);
    const [found] = await client.incompleteServerPayments();
    expect(found).toMatchObject({ user_uid: pioneer.uid, metadata: { key: 'k1' } });
    await client.cancelPayment(found?.identifier ?? '');
  });
});

it.each([
  ['error', { fault: 'error', status: 503, times: 1 }],
  ['drop_before', { fault: 'drop_before', times: 2 }],
  ['malformed with 502', { fault: 'malformed', status: 502, times: 1 }],
] as [string, Fault][])('reads on through a passing fault: %s', async (_, fault) => {
  const { identifier } = await u2a();
  pi.addFault(fault);
  await expect(client.getPayment(identifier)).resolves.toMatchObject({ identifier });
});
