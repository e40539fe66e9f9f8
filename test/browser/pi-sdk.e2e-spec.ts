import { type PaymentDto, PiEmulator } from 'pi-emulator';
import type { Page } from 'playwright-core';
import { describeInChromium, keepScreenshot } from './in-chromium.js';
import { type NaiveApp, type NaivePage, startNaiveApp } from './naive-app.js';
import { eventually } from '../support/eventually.js';

jest.setTimeout(60_000);

declare const self: NaivePage;

describeInChromium('pi-sdk.js in a browser', (open) => {
  let pi: PiEmulator;
  let app: NaiveApp;

  async function start(settings = '?pollMs=40&repeatMs=300') {
    pi = await PiEmulator.start({ port: 0, ledgerMs: 60 });
    app = await startNaiveApp(pi, settings);
    return open(app.url);
  }
  afterEach(async () => {
    await app.close();
    await pi.stop();
  });

  const heard = (page: Page) => page.evaluate(() => self.heard);
  const onlyPayment = () => pi.payments()[0] as PaymentDto;
  async function signIn(page: Page, username: string) {
    const session = page.evaluate(() => self.signIn());
    await page.getByTestId('pi-consent-username').fill(username);
    await page.getByTestId('pi-consent-allow').click();
    return session;
  }

  it('signs a new Pioneer in with the scopes asked for', async () => {
    const page = await start();
    const session = await signIn(page, 'amara');
    expect(session.user).toEqual({ uid: pi.pioneers()[0]?.uid, username: 'amara' });
    const me = await fetch(`${pi.platformUrl}/me`, { headers: { authorization: `Bearer ${session.accessToken}` } });
    expect(await me.json()).toMatchObject({ username: 'amara', credentials: { scopes: ['username', 'payments'] } });
  });

  it('lets one choose among the Pioneers there are', async () => {
    const page = await start();
    await pi.createPioneer({ username: 'amara' });
    const bo = await pi.createPioneer({ username: 'bo' });
    const session = page.evaluate(() => self.signIn());
    await page.getByTestId('pi-consent-pioneer-bo').click();
    await keepScreenshot(page, 'sdk-consent');
    await page.getByTestId('pi-consent-allow').click();
    expect((await session).user.uid).toBe(bo.uid);
  });

  it('rejects when the Pioneer declines, by button or Escape', async () => {
    const page = await start();
    const refused = () => page.evaluate(() => self.signIn().then(String, (error: Error) => error.message));
    const byButton = refused();
    await page.getByTestId('pi-consent-deny').click();
    expect(await byButton).toMatch(/cancelled/);
    const byKey = refused();
    await page.getByTestId('pi-consent-username').press('Escape');
    expect(await byKey).toMatch(/cancelled/);
  });

  it('takes a payment from approval to completion', async () => {
    // On a busy machine it would ask again before the first answer is there.
    const page = await start('?pollMs=40&repeatMs=20000');
    const { user } = await signIn(page, 'amara');
    await page.evaluate(() => self.pay(3.1415926));
    await page.getByTestId('pi-wallet-confirm').and(page.locator(':enabled')).waitFor();
    await keepScreenshot(page, 'sdk-wallet');
    expect(await page.getByTestId('pi-wallet-amount').textContent()).toContain('3.1415926');
    await page.getByTestId('pi-wallet-confirm').click();
    await page.getByText('Payment complete').waitFor();
    expect(onlyPayment()).toMatchObject({
      user_uid: user.uid,
      amount: 3.1415926,
      metadata: { honey: 1 },
      status: { developer_approved: true, transaction_verified: true, developer_completed: true },
    });
    const id = onlyPayment().identifier;
    expect(app.calls).toEqual([`approve ${id}`, `complete ${id}`]);
  });

  it.each(['approve', 'complete'])('repeats the callback while the app fails to %s', async (route) => {
    const page = await start();
    app.broken.add(route);
    await signIn(page, 'amara');
    await page.evaluate(() => self.pay());
    if (route === 'complete') await page.getByTestId('pi-wallet-confirm').click();
    await eventually(() => app.calls.filter((call) => call.startsWith(route)).length >= 3);
    app.broken.clear();
    if (route === 'approve') await page.getByTestId('pi-wallet-confirm').click();
    await page.getByText('Payment complete').waitFor();
    const calls = app.calls.length;
    await page.waitForTimeout(700);
    expect(app.calls).toHaveLength(calls);
  });

  it.each([
    ['button', (page: Page) => page.getByTestId('pi-wallet-cancel').click()],
    ['Escape', (page: Page) => page.getByTestId('pi-wallet-confirm').press('Escape')],
  ])('cancels in the wallet by %s: no money moves, onCancel is called', async (_how, cancel) => {
    const page = await start();
    await signIn(page, 'amara');
    await page.evaluate(() => self.pay());
    await page.getByTestId('pi-wallet-confirm').and(page.locator(':enabled')).waitFor();
    await cancel(page);
    await eventually(async () => (await heard(page)).length > 0);
    expect(await heard(page)).toEqual([`cancel ${onlyPayment().identifier}`]);
    expect(onlyPayment()).toMatchObject({ status: { user_cancelled: true }, transaction: null });
    expect(pi.transactions()).toEqual([]);
  });

  it('gives up on an app that does not approve in time', async () => {
    const page = await start('?pollMs=40&repeatMs=100&approvalMs=500');
    app.broken.add('approve');
    await signIn(page, 'amara');
    await page.evaluate(() => self.pay());
    await page.getByText('did not approve').waitFor();
    expect(await heard(page)).toEqual([expect.stringMatching(/^error The app did not approve.* \w+$/)]);
    expect(onlyPayment().status.user_cancelled).toBe(true);
  });

  it('closes the wallet when the app cancels the payment', async () => {
    const page = await start();
    await signIn(page, 'amara');
    await page.evaluate(() => self.pay());
    await page.getByTestId('pi-wallet-confirm').and(page.locator(':enabled')).waitFor();
    await fetch(`${pi.platformUrl}/payments/${onlyPayment().identifier}/cancel`, {
      method: 'POST',
      headers: { authorization: `Key ${pi.apiKey}` },
    });
    await page.getByTestId('pi-dialog').waitFor({ state: 'detached' });
    expect(await heard(page)).toEqual([`cancel ${onlyPayment().identifier}`]);
  });

  it('hands a signed payment over at the next sign-in when the tab was closed before completion', async () => {
    const page = await start();
    app.broken.add('complete');
    await signIn(page, 'amara');
    await page.evaluate(() => self.pay());
    await page.getByTestId('pi-wallet-confirm').click();
    await eventually(() => onlyPayment().transaction !== null);
    await page.close();
    expect(onlyPayment().status.developer_completed).toBe(false);

    const later = await open(app.url);
    const session = later.evaluate(() => self.signIn());
    await later.getByTestId('pi-consent-pioneer-amara').click();
    await later.getByTestId('pi-consent-allow').click();
    await session;
    await eventually(() => onlyPayment().status.developer_completed);
    expect(await heard(later)).toEqual([`incomplete ${onlyPayment().identifier}`]);
  });

  it('refuses a new payment while a signed one waits for the app, and hands that one over', async () => {
    const page = await start('?pollMs=40&repeatMs=100&completionMs=200');
    app.broken.add('complete');
    await signIn(page, 'amara');
    await page.evaluate(() => self.pay());
    await page.getByTestId('pi-wallet-confirm').click();
    await page.getByText('did not complete').waitFor();
    await page.getByTestId('pi-wallet-close').click();
    await page.evaluate(() => self.pay());
    await page.getByText('already have a pending payment').waitFor();
    const id = onlyPayment().identifier;
    await eventually(() => onlyPayment().status.developer_completed);
    expect((await heard(page)).slice(1)).toEqual([
      `incomplete ${id}`,
      expect.stringMatching(`^error .*pending.*${id}$`),
    ]);
  });

  it('cancels an unsigned payment when another one begins', async () => {
    const page = await start();
    app.broken.add('approve');
    await signIn(page, 'amara');
    await page.evaluate(() => self.pay());
    await eventually(() => pi.payments().length === 1);
    await page.evaluate(() => self.pay());
    await eventually(async () => (await heard(page)).length === 1);
    expect(pi.payments().map(({ status }) => status.user_cancelled)).toEqual([true, false]);
  });

  it('pays once although the answer to the signature is lost', async () => {
    const page = await start();
    await signIn(page, 'amara');
    let lost = 0;
    await page.route('**/_emulator/sdk/payments/*/sign', async (route) => {
      await route.fetch();
      lost += 1;
      await (lost === 1 ? route.abort() : route.continue());
    });
    await page.evaluate(() => self.pay());
    await page.getByTestId('pi-wallet-confirm').click();
    await page.getByText('Payment complete').waitFor();
    expect(lost).toBe(2);
    expect(pi.transactions()).toHaveLength(1);
  });

  it('says so when the wallet cannot pay', async () => {
    const page = await start();
    await signIn(page, 'amara');
    await page.evaluate(() => self.pay(5_000));
    await page.getByTestId('pi-wallet-confirm').click();
    await page.getByText(/wallet holds/).waitFor();
    expect(await heard(page)).toEqual([expect.stringContaining(onlyPayment().identifier)]);
  });
});
