import { type Page } from 'playwright-core';
import { operator, OPERATOR_KEY, startTestShop, type TestShop } from '../support/test-shop.js';
import { payoutInReview } from '../support/payout-in-review.js';
import { eventually } from '../support/eventually.js';
import { describeInChromium, DESK, keepScreenshot, muteRequests } from './in-chromium.js';

jest.setTimeout(180_000);

describeInChromium('Corner Shop in a browser', (open) => {
  let shop: TestShop;
  beforeAll(async () => {
    shop = await startTestShop();
  });
  afterAll(() => shop.dispose());

  async function signIn(page: Page, username: string) {
    await page.getByTestId('sign-in').click();
    await allow(page, username);
  }
  async function allow(page: Page, username: string) {
    await page.getByTestId('pi-consent-username').fill(username);
    await page.getByTestId('pi-consent-allow').click();
    await page.getByTestId('pioneer').waitFor();
  }
  const paymentsOf = (username: string) => {
    const uid = shop.pi.pioneers().find((pioneer) => pioneer.username === username)?.uid;
    return shop.pi.payments(uid);
  };
  const order = (page: Page) => page.getByTestId('order');

  it('sells: sign in, buy, order delivered', async () => {
    const page = await open(shop.url);
    await page.getByTestId('product-honey').waitFor();
    await keepScreenshot(page, 'shop');
    await signIn(page, 'mila');
    expect(await page.getByTestId('pioneer').textContent()).toBe('mila');

    await page.getByTestId('buy-honey').click();
    await page.getByTestId('pi-wallet-confirm').and(page.locator(':enabled')).waitFor();
    await keepScreenshot(page, 'shop-wallet');
    await page.getByTestId('pi-wallet-confirm').click();
    await page.getByText('Payment complete').waitFor();
    await page.getByText('Linden honey is yours').waitFor();
    await page.getByTestId('pi-wallet-close').waitFor({ state: 'detached' });

    await page.getByTestId('tab-orders').click();
    await order(page).getByText('delivered').waitFor();
    expect(await order(page).textContent()).toContain('3.1415926');
    await keepScreenshot(page, 'shop-orders');
    expect(paymentsOf('mila').map(({ status }) => status.developer_completed)).toEqual([true]);
  });

  it('asks to sign in first when one buys straight away', async () => {
    const page = await open(shop.url);
    await page.getByTestId('buy-postcard').click();
    await allow(page, 'nadia');
    await page.getByTestId('pi-wallet-confirm').click();
    await page.getByText('Postcard is yours').waitFor();
  });

  it('takes a cancel in the wallet: nothing is paid, nothing delivered', async () => {
    const page = await open(shop.url);
    await signIn(page, 'omar');
    await page.getByTestId('buy-tulips').click();
    await page.getByTestId('pi-wallet-confirm').and(page.locator(':enabled')).waitFor();
    await page.getByTestId('pi-wallet-cancel').click();
    await page.getByText('No payment was made').waitFor();
    await page.getByTestId('tab-orders').click();
    await order(page).getByText('cancelled').waitFor();
    expect(paymentsOf('omar')).toEqual([expect.objectContaining({ transaction: null })]);
  });

  it('finishes a payment whose tab was closed between signing and completion', async () => {
    const page = await open(shop.url);
    await signIn(page, 'pia');
    await muteRequests(page, 'pi_payment/complete');
    await page.getByTestId('buy-sourdough').click();
    await page.getByTestId('pi-wallet-confirm').click();
    await eventually(() => paymentsOf('pia')[0]?.transaction !== null);
    await page.close();
    expect(paymentsOf('pia')[0]?.status.developer_completed).toBe(false);

    const later = await open(shop.url);
    await signIn(later, 'pia');
    await later.getByTestId('tab-orders').click();
    await order(later).getByText('delivered').waitFor();
    expect(paymentsOf('pia')[0]?.status.developer_completed).toBe(true);
  });

  it('says so when the shop refuses a payment', async () => {
    const page = await open(shop.url);
    await signIn(page, 'quinn');
    // A changed page: the price is the browser's word, the shop's price is the shop's.
    await page.route('**/api/products', async (route) => {
      const products = (await (await route.fetch()).json()) as { id: string; price: string }[];
      await route.fulfill({ json: products.map((product) => ({ ...product, price: '0.01' })) });
    });
    await page.reload();
    await allow(page, 'quinn');
    await page.getByTestId('buy-honey').click();
    await page
      .getByTestId('toast')
      .getByText(/amount|refused|has to be/i)
      .waitFor();
    expect(paymentsOf('quinn')[0]?.status.developer_approved).toBe(false);
  });

  it('asks to sign in again when the token has expired', async () => {
    const page = await open(shop.url);
    await signIn(page, 'ruth');
    await page.route('**/api/orders', (route) => route.fulfill({ status: 401, json: { message: 'expired' } }));
    await page.getByTestId('toast').getByText('sign in again').waitFor();
    await page.unroute('**/api/orders');
    await signIn(page, 'ruth');
    await page.getByTestId('tab-orders').click();
    await page.getByText('Nothing here yet').waitFor();
  });

  it('rewards an ad, and shows the operator every payout', async () => {
    const page = await open(shop.url);
    await signIn(page, 'rosa');
    await page.getByTestId('buy-flat-white').click();
    await page.getByTestId('pi-wallet-confirm').click();
    await page.getByText('Payment complete').waitFor();
    await page.getByTestId('pi-wallet-close').waitFor({ state: 'detached' });
    await page.getByTestId('tab-earn').click();
    await page.getByTestId('watch-ad').click();
    await page.getByTestId('pi-ad-reward').click();
    await page.getByTestId('reward').getByText('completed').waitFor();
    await keepScreenshot(page, 'shop-earn');

    const desk = await open(`${shop.url}/operator`, { viewport: DESK });
    await desk.getByTestId('operator-key').fill('wrong');
    await desk.getByTestId('operator-open').click();
    await desk.getByTestId('toast').waitFor();
    await desk.getByTestId('operator-key').fill(OPERATOR_KEY);
    await desk.getByTestId('operator-open').click();
    const { identifier } = paymentsOf('rosa').find(({ direction }) => direction === 'user_to_app') ?? {
      identifier: '',
    };
    await desk.getByTestId(`refund-${identifier}`).click();
    await desk.getByTestId('payout').getByText('Refund: Flat white').waitFor();
    await eventually(async () => {
      const { body } = await shop.get('/api/payouts', operator);
      return body.every(({ state }: { state: string }) => state === 'completed');
    });
    await desk.reload();
    await desk.getByTestId('payout').filter({ hasText: 'Refund: Flat white' }).getByText('completed').waitFor();
    await keepScreenshot(desk, 'shop-operator');

    await page.getByTestId('tab-orders').click();
    await page.getByText('Refunded to your wallet').waitFor();
  });

  it('rewards an ad that is decided later', async () => {
    const page = await open(`${shop.url}/#earn`);
    await signIn(page, 'runa');
    await page.getByTestId('watch-ad').click();
    await page.getByTestId('pi-ad-verdict').selectOption({ label: 'not decided yet' });
    await page.getByTestId('pi-ad-reward').click();
    await page.getByTestId('toast').getByText('has not confirmed this ad yet').waitFor();
    const rewarded = page.waitForRequest('**/api/ads/reward');
    const { adId } = (await rewarded).postDataJSON() as { adId: string };
    await shop.pi.updateAd(adId, { status: 'granted' });
    await page.getByTestId('reward').getByText('completed').waitFor();
  });

  it('lets the operator decide on a payout that needs a person', async () => {
    const sam = await shop.pi.createPioneer({ username: 'sam' });
    const { payoutId, txid } = await payoutInReview(shop, sam);
    const desk = await open(`${shop.url}/operator`, { viewport: DESK });
    await desk.getByTestId('operator-key').fill(OPERATOR_KEY);
    await desk.getByTestId('operator-open').click();
    const row = desk.locator(`[data-payout="${payoutId}"]`);
    await row.getByText('cancelled at Pi').waitFor();
    expect(await row.getByRole('button').allTextContents()).toEqual(['It was paid…', 'Retry…']);
    await keepScreenshot(desk, 'shop-review');

    await desk.getByTestId(`paid-${payoutId}`).click();
    expect(await desk.getByTestId('decision-txid').inputValue()).toBe(txid);
    // Longer than the list takes to be refreshed: what is typed stays.
    await desk.getByTestId('decision-by').pressSequentially('olu', { delay: 1_100 });
    await keepScreenshot(desk, 'shop-decision');
    // Enter decides; it does not go back.
    await desk.getByTestId('decision-by').press('Enter');
    await row.getByText('completed').waitFor();
    expect(await row.getByRole('button').count()).toBe(0);
    expect((await shop.get(`/api/payouts/${payoutId}`, operator)).body).toMatchObject({ state: 'completed', txid });
  });

  it('shows the operator why a payout is parked', async () => {
    const careful = await startTestShop({ DAILY_PAYOUT_LIMIT: '1' });
    try {
      const tove = await careful.pi.createPioneer({ username: 'tove' });
      const id = await careful.buy(tove, 'flat-white', '1.5');
      await careful.post(`/api/orders/${id}/refund`, undefined, operator);
      const desk = await open(`${careful.url}/operator`, { viewport: DESK });
      await desk.getByTestId('operator-key').fill(OPERATOR_KEY);
      await desk.getByTestId('operator-open').click();
      await desk.getByTestId('payout').getByText('Parked: the wallet shop may pay 1 Pi in 24 h').waitFor();
      await keepScreenshot(desk, 'shop-parked');
    } finally {
      await careful.dispose();
    }
  });

  it('fits a desk and a small phone, whatever it shows', async () => {
    const phone = { width: 360, height: 740 };
    const tooWide: string[] = [];
    const look = async (page: Page, what: string) => {
      for (const viewport of [{ width: 1280, height: 800 }, phone]) {
        await page.setViewportSize(viewport);
        const [content, screen] = await page.evaluate(
          () => [document.documentElement.scrollWidth, innerWidth] as const,
        );
        if (content > screen) tooWide.push(`${what}: ${content} px on ${screen}`);
        await keepScreenshot(page, `shop-${viewport.width}-${what.replaceAll(' ', '-')}`);
      }
    };
    const longName = 'somebody_with_a_name_of_40_signs________';
    const { payoutId } = await payoutInReview(shop, await shop.pi.createPioneer());

    const page = await open(shop.url, { viewport: phone });
    await page.getByTestId('product-honey').waitFor();
    await look(page, 'signed out');
    await page.getByTestId('tab-orders').click();
    await page.getByText('Sign in to see your orders').waitFor();
    await signIn(page, longName);
    await page.getByText('Nothing here yet').waitFor();
    await look(page, 'no orders');
    await page.getByTestId('tab-shop').click();
    await page.getByTestId('buy-honey').click();
    await page.getByTestId('pi-wallet-confirm').and(page.locator(':enabled')).waitFor();
    await look(page, 'wallet');
    await page.getByTestId('pi-wallet-confirm').click();
    await page.getByText('Payment complete').waitFor();
    await page.getByText('Linden honey is yours').waitFor();
    await page.getByTestId('pi-wallet-close').waitFor({ state: 'detached' });
    await look(page, 'paid');
    const [order] = (await shop.get('/api/operator/orders', operator)).body;
    await shop.post(`/api/orders/${order.id}/refund`, undefined, operator);
    await page.getByTestId('tab-orders').click();
    await page.getByText('Refunded to your wallet').waitFor();
    await look(page, 'orders');
    await page.getByTestId('tab-earn').click();
    await page.getByTestId('watch-ad').click();
    await page.getByTestId('pi-ad-reward').waitFor();
    await look(page, 'ad');
    await page.getByTestId('pi-ad-reward').click();
    await page.getByTestId('reward').getByText('completed').waitFor();
    await look(page, 'reward');

    const desk = await open(`${shop.url}/operator`, { viewport: phone });
    await look(desk, 'operator locked');
    await desk.getByTestId('operator-key').fill('a wrong key');
    await desk.getByTestId('operator-open').click();
    await desk.getByTestId('toast').getByText('not the operator key').waitFor();
    await look(desk, 'operator refused');
    await desk.getByTestId('operator-key').fill(OPERATOR_KEY);
    await desk.getByTestId('operator-open').click();
    await desk.getByTestId(`paid-${payoutId}`).waitFor();
    await look(desk, 'operator');
    await desk.getByTestId(`paid-${payoutId}`).click();
    await look(desk, 'decision');
    expect(tooWide).toEqual([]);
  });

  it('is easy on the eyes at night', async () => {
    const page = await open(shop.url, { colorScheme: 'dark' });
    await page.getByTestId('product-honey').waitFor();
    await keepScreenshot(page, 'shop-dark');
    const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(paper).toBe('rgb(23, 19, 15)');
  });
});
