import type { Page } from 'playwright-core';
import { bearer, startTestShop, type TestShop } from '../support/test-shop.js';
import { eventually } from '../support/eventually.js';
import { describeInChromium, muteRequests } from './in-chromium.js';
import { piSdkJsPage, type PiSdkJsPage } from './pi-sdk-js-client.js';

jest.setTimeout(90_000);
declare const self: PiSdkJsPage;

describeInChromium('A client that follows pi-sdk-js, against PiPaymentsController', (open) => {
  let shop: TestShop;
  beforeAll(async () => {
    shop = await startTestShop();
  });
  afterAll(() => shop.dispose());

  async function connect(username: string): Promise<Page> {
    // The client's routes are relative: its page has to come from the shop, and this one's content is replaced.
    const page = await open(`${shop.url}/operator`);
    const settings = `pioneer=${username}&repeatMs=400&pollMs=50&completionMs=4000`;
    await page.setContent(piSdkJsPage(`${shop.pi.url}/pi-sdk.js?${settings}`));
    await page.evaluate(() => self.client.connect());
    return page;
  }
  const buy = (page: Page, productId = 'flat-white', amount = 1.5) =>
    page.evaluate((data) => self.client.createPayment(data), { amount, memo: 'An order', metadata: { productId } });
  const answers = (page: Page) => page.evaluate(() => self.client.answers);
  const problems = (page: Page) => page.evaluate(() => self.client.problems);
  const paymentOf = (username: string) => {
    const { uid = '' } = shop.pi.pioneers().find((pioneer) => pioneer.username === username) ?? {};
    return shop.pi.payments(uid).at(-1);
  };
  async function ordersOf(username: string): Promise<{ status: string }[]> {
    const { uid = '' } = shop.pi.pioneers().find((pioneer) => pioneer.username === username) ?? {};
    return (await shop.get('/api/orders', bearer(await shop.pi.issueToken(uid)))).body;
  }

  it('signs in and pays; the order is delivered', async () => {
    const page = await connect('sam');
    await buy(page);
    await page.getByTestId('pi-wallet-confirm').click();
    await page.getByText('Payment complete').waitFor();
    const paymentId = paymentOf('sam')?.identifier;
    await eventually(async () => (await answers(page)).some(({ answer }) => answer.status === 'delivered'));
    // On a busy machine the SDK asks again before the first answer is there: as often as it likes, and always these two.
    const heard = await answers(page);
    expect([...new Set(heard.map(({ route }) => route))]).toEqual(['approve', 'complete']);
    for (const { route, answer } of heard) {
      const status = route === 'approve' ? /^(approved|completing|completed|delivered)$/ : /^(completed|delivered)$/;
      expect(answer).toEqual({ paymentId, status: expect.stringMatching(status) });
    }
    expect(heard[0]?.answer.status).toBe('approved');
    expect(shop.pi.journal({ method: 'POST', path: `/v2/payments/${paymentId}/complete` })).toHaveLength(1);
    expect(await problems(page)).toEqual([]);
    expect(await ordersOf('sam')).toEqual([expect.objectContaining({ status: 'delivered' })]);
  });

  it('cancels in the wallet: no order, and Pi is not asked to cancel', async () => {
    const page = await connect('tara');
    await buy(page);
    await page.getByTestId('pi-wallet-confirm').and(page.locator(':enabled')).waitFor();
    await page.getByTestId('pi-wallet-cancel').click();
    await eventually(async () => (await answers(page)).some(({ route }) => route === 'cancel'));
    expect((await answers(page)).at(-1)?.answer).toEqual({
      paymentId: paymentOf('tara')?.identifier,
      status: 'cancelled',
    });
    expect(shop.pi.journal({ path: '^/v2/payments/\\w+/cancel$' })).toEqual([]);
    expect(await ordersOf('tara')).toEqual([expect.objectContaining({ status: 'cancelled' })]);
  });

  it('closes the tab between signing and completion, comes back, and finishes', async () => {
    const page = await connect('umar');
    await muteRequests(page, 'pi_payment/complete');
    await buy(page);
    await page.getByTestId('pi-wallet-confirm').click();
    await eventually(() => Boolean(paymentOf('umar')?.transaction));
    await page.close();
    expect((await ordersOf('umar')).map(({ status }) => status)).not.toContain('delivered');

    const later = await connect('umar');
    await eventually(async () => (await ordersOf('umar'))[0]?.status === 'delivered');
    await eventually(async () => (await answers(later)).length > 0);
    expect((await answers(later))[0]).toMatchObject({ route: 'incomplete' });
    expect(await problems(later)).toEqual([]);
    expect(await ordersOf('umar')).toHaveLength(1);
  });

  it('survives an outage of Pi at completion: the repeated callback finishes the payment', async () => {
    const page = await connect('vera');
    await buy(page);
    await page.getByTestId('pi-wallet-confirm').and(page.locator(':enabled')).waitFor();
    shop.pi.addFault({ match: { method: 'POST', path: '/v2/payments/*' }, fault: 'error', status: 503, times: 2 });
    await page.getByTestId('pi-wallet-confirm').click();
    await eventually(async () => (await ordersOf('vera'))[0]?.status === 'delivered');
    shop.pi.clearFaults();
    expect(await problems(page)).toEqual([]);
    expect(await ordersOf('vera')).toHaveLength(1);
  });

  it('reads JSON from every answer, also from refusals', async () => {
    const page = await connect('wim');
    await buy(page, 'flat-white', 1.4999999);
    await eventually(async () => (await answers(page)).length > 0);
    expect(await problems(page)).toEqual([]);
    expect((await answers(page))[0]).toMatchObject({ route: 'approve' });
    expect(paymentOf('wim')?.status.developer_approved).toBe(false);
  });
});
