import { type EmulatedNetwork, PiEmulator } from 'pi-emulator';
import { payment } from './chain/payment.js';
import { Bench } from './emulator.fixture.js';

describe('PiEmulator', () => {
  let pi: PiEmulator;
  beforeEach(async () => {
    pi = await PiEmulator.start({ port: 0, ledgerMs: 'manual' });
  });
  afterEach(() => pi.stop());

  it('tells who a token belongs to', async () => {
    const pioneer = await pi.createPioneer({ username: 'amara', scopes: ['username'] });
    const answer = await fetch(`${pi.platformUrl}/me`, { headers: { authorization: `Bearer ${pioneer.accessToken}` } });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ uid: pioneer.uid, username: 'amara', app_id: pi.appId });
  });

  it.each<[string, (mistyped: object) => unknown]>([
    ['createPioneer', (mistyped) => pi.createPioneer({ username: 'amara', ...mistyped })],
    ['createPayment', (mistyped) => pi.createPayment('x', { amount: 1, memo: 'm', metadata: { a: 1 }, ...mistyped })],
    ['signPayment', (mistyped) => pi.signPayment('x', mistyped)],
    ['createAd', (mistyped) => pi.createAd({ uid: 'x', ...mistyped })],
    ['journal', (mistyped) => pi.journal(mistyped)],
    ['addFault', (mistyped) => pi.addFault({ fault: 'error', ...mistyped })],
    ['chain.adversary.onSubmit', (mistyped) => pi.chain.adversary.onSubmit({ times: 1, ...mistyped })],
  ])('%s refuses a field it does not know, and changes nothing', async (_method, call) => {
    const before = pi.state();
    await expect((async () => call({ probabilty: 0.5 }))()).rejects.toThrow(/has no field 'probabilty': it takes /);
    expect([pi.state(), pi.faults.list()]).toEqual([before, []]);
  });

  it('takes a payment from the browser to completion', async () => {
    const pioneer = await pi.createPioneer();
    const call = (path: string, body?: object): Promise<Response> =>
      fetch(`${pi.platformUrl}${path}`, {
        method: 'POST',
        headers: { authorization: `Key ${pi.apiKey}`, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      });
    const payment = await pi.createPayment(pioneer.uid, { amount: 1.5, memo: 'Apples', metadata: { productId: 'a' } });
    expect((await call(`/payments/${payment.identifier}/approve`)).status).toBe(200);
    const { txid } = await pi.signPayment(payment.identifier);
    await pi.closeLedger();
    expect(pi.payment(payment.identifier).transaction).toMatchObject({ txid, verified: true });
    const completed = await call(`/payments/${payment.identifier}/complete`, { txid });
    expect(completed.status).toBe(200);
    expect(await completed.json()).toMatchObject({ status: { developer_completed: true } });
    expect(pi.transactions(pi.wallet.address)).toMatchObject([{ hash: txid, memo: payment.identifier }]);
  });
});

describe.each<[EmulatedNetwork, string]>([
  ['testnet', 'Pi Testnet'],
  ['mainnet', 'Pi Network'],
])('on %s', (network, name) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start({ network });
  });
  afterAll(() => bench.stop());

  it('a Pioneer pays the app', async () => {
    const { identifier, network: shown } = await bench.u2a();
    await bench.approve(identifier);
    const { txid } = await bench.pi.signPayment(identifier);
    await bench.pi.closeLedger();
    const { status, body } = await bench.complete(identifier, txid);
    expect([shown, status, body.status.transaction_verified]).toEqual([name, 200, true]);
  });

  it('the app pays a Pioneer', async () => {
    const made = await bench.a2u();
    const txid = await bench.pay(made);
    const { status, body } = await bench.complete(made.identifier, txid);
    expect([made.network, status, body.status.transaction_verified]).toEqual([name, 200, true]);
    expect((await bench.call('GET', `/transactions/${txid}`)).body).toMatchObject({ memo: made.identifier });
  });

  it('a transaction of the other network is worth nothing', async () => {
    const other = await Bench.start({ network: network === 'testnet' ? 'mainnet' : 'testnet' });
    const { wallet, chain } = other.pi;
    const sequence = (bench.pi.chain.account(wallet.address)?.sequence ?? 0n) + 1n;
    const { address, seed: secret } = wallet;
    const { envelopeXdr } = payment(chain, { secret, destination: address, stroops: 1n, sequence });
    await other.stop();
    expect(bench.pi.chain.submit(envelopeXdr)).toMatchObject({ status: 'ERROR', result: { code: 'tx_bad_auth' } });
  });
});
