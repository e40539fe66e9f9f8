import { PiEmulator } from 'pi-emulator';
import { describeInChromium, keepScreenshot } from './in-chromium.js';
import { type NaiveApp, type NaivePage, startNaiveApp } from './naive-app.js';

jest.setTimeout(60_000);

declare const self: NaivePage;

describeInChromium('pi-sdk.js beside payments', (open) => {
  let pi: PiEmulator;
  let app: NaiveApp;

  async function start(settings = '') {
    pi = await PiEmulator.start({ port: 0, ledgerMs: 60 });
    app = await startNaiveApp(pi, settings);
    return open(app.url);
  }
  afterEach(async () => {
    await app.close();
    await pi.stop();
  });

  it.each<[string, (pi: NaivePage['Pi']) => unknown, RegExp]>([
    ['authenticate before init', (pi) => pi.authenticate(['payments']), /not initialized/],
    ['createPayment before init', (pi) => pi.createPayment({}, {}), /not initialized/],
    ['showAd before init', (pi) => pi.Ads.showAd('rewarded'), /not initialized/],
    ['nativeFeaturesList before init', (pi) => pi.nativeFeaturesList(), /not initialized/],
    ['openShareDialog before init', (pi) => pi.openShareDialog('a', 'b'), /not initialized/],
    ['init without a version', (pi) => pi.init({}), /version/],
    ['init with another version', (pi) => pi.init({ version: '3.0' }), /version/],
    [
      'createPayment before authenticate',
      (pi) => (pi.init({ version: '2.0' }), pi.createPayment({}, {})),
      /"payments" scope/,
    ],
    ['an unknown kind of ad', (pi) => (pi.init({ version: '2.0' }), pi.Ads.showAd('banner')), /banner/],
  ])('refuses %s', async (_name, misuse, message) => {
    const page = await start();
    const attempt = `(async () => (${String(misuse)})(Pi))().then(() => 'nothing', (error) => error.message)`;
    const said = await page.evaluate<string>(attempt);
    expect(said).toMatch(message);
  });

  it('refuses payments to a Pioneer who did not grant them, and a payment without amount, memo or callbacks', async () => {
    const page = await start('?pioneer=amara');
    const attempt = (scopes: string[], data: unknown, callbacks: string[]) =>
      page.evaluate(
        async ([scopes, data, callbacks]) => {
          await self.signIn(scopes as string[]);
          const given = Object.fromEntries((callbacks as string[]).map((name) => [name, () => undefined]));
          try {
            self.Pi.createPayment(data, given);
            return 'nothing';
          } catch (error) {
            return (error as Error).message;
          }
        },
        [scopes, data, callbacks] as const,
      );
    const good = { amount: 1, memo: 'm', metadata: {} };
    const all = ['onReadyForServerApproval', 'onReadyForServerCompletion', 'onCancel', 'onError'];
    expect(await attempt(['username'], good, all)).toMatch(/"payments" scope/);
    expect(await attempt(['payments'], { ...good, amount: '1' }, all)).toMatch(/amount/);
    expect(await attempt(['payments'], { ...good, memo: '' }, all)).toMatch(/memo/);
    expect(await attempt(['payments'], { amount: 1, memo: 'm' }, all)).toMatch(/metadata/);
    expect(await attempt(['payments'], good, all.slice(1))).toMatch(/onReadyForServerApproval/);
  });

  it('shows ads: watched to the end it gives an adId, closed early it does not', async () => {
    const page = await start('?adMs=100&pioneer=amara');
    await page.evaluate(() => self.Pi.init({ version: '2.0' }));
    const show = (type: string) => page.evaluate((type) => self.Pi.Ads.showAd(type), type);
    expect(await page.evaluate(() => self.Pi.Ads.isAdReady('rewarded'))).toEqual({
      type: 'rewarded',
      ready: true,
    });
    expect(await page.evaluate(() => self.Pi.Ads.requestAd('interstitial'))).toEqual({
      type: 'interstitial',
      result: 'AD_LOADED',
    });
    expect(await show('rewarded')).toEqual({ type: 'rewarded', result: 'USER_UNAUTHENTICATED' });

    await page.evaluate(() => self.signIn());
    const early = show('rewarded');
    await page.getByTestId('pi-ad-close').click();
    expect(await early).toEqual({ type: 'rewarded', result: 'AD_CLOSED' });

    const interstitial = show('interstitial');
    await page.getByTestId('pi-ad-close').click();
    expect(await interstitial).toEqual({ type: 'interstitial', result: 'AD_CLOSED' });

    const rewarded = show('rewarded');
    await page.getByTestId('pi-ad-verdict').selectOption('undecided');
    await keepScreenshot(page, 'sdk-ad');
    await page.getByTestId('pi-ad-reward').click();
    const { adId, ...result } = (await rewarded) as { adId: string };
    expect(result).toEqual({ type: 'rewarded', result: 'AD_REWARDED' });
    const status = await fetch(`${pi.platformUrl}/ads_network/status/${adId}`, {
      headers: { authorization: `Key ${pi.apiKey}` },
    });
    expect(await status.json()).toMatchObject({ mediator_ack_status: null });
  });

  it('lists native features and opens the share dialog', async () => {
    const page = await start();
    await page.evaluate(() => self.Pi.init({ version: '2.0', sandbox: true }));
    expect(await page.evaluate(() => self.Pi.nativeFeaturesList())).toContain('ad_network');
    await page.evaluate(() => self.Pi.openShareDialog('Look', 'Honey, 3.14 π <b>'));
    expect(await page.getByTestId('pi-share-message').textContent()).toBe('Honey, 3.14 π <b>');
    await page.getByTestId('pi-share-close').click();
    await page.getByTestId('pi-dialog').waitFor({ state: 'detached' });
  });
});
