import { PiEmulator } from 'pi-emulator';

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
