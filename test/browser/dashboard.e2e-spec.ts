import { PiEmulator } from 'pi-emulator';
import { DESK, describeInChromium, keepScreenshot } from './in-chromium.js';

jest.setTimeout(60_000);

describeInChromium('the dashboard', (open) => {
  let pi: PiEmulator;
  beforeEach(async () => {
    pi = await PiEmulator.start({ port: 0, ledgerMs: 'manual' });
  });
  afterEach(() => pi.stop());

  it('shows the world live, and lets one sign, cancel, close a ledger and break things', async () => {
    const page = await open(`${pi.url}/_emulator`, { viewport: DESK });
    await page.locator('#username').fill('amara');
    await page.getByTestId('new-pioneer').click();
    await page.locator('#pioneers').getByText('amara').waitFor();
    const uid = pi.pioneers()[0]?.uid as string;
    const make = (memo: string) => pi.createPayment(uid, { amount: 2.5, memo, metadata: { a: 1 } });
    const [bought, dropped] = [await make('Honey'), await make('<b>Bread</b>')];
    await page.locator('#payments').getByText('<b>Bread</b>').waitFor();
    await fetch(`${pi.platformUrl}/payments/${bought.identifier}/approve`, {
      method: 'POST',
      headers: { authorization: `Key ${pi.apiKey}` },
    });
    await page.getByTestId(`sign-${bought.identifier}`).click();
    await page.getByTestId(`cancel-${dropped.identifier}`).click();
    await page.getByText('cancelled by user').waitFor();
    await page.getByTestId('close-ledger').click();
    await page.locator('#payments').getByText('paid', { exact: true }).waitFor();
    await page.locator('#transactions').getByText('applied').waitFor();
    await page.locator('#fault-path').fill('/v2/me');
    await page.getByTestId('new-fault').click();
    await page.locator('#faults').getByText('/v2/me').waitFor();
    await keepScreenshot(page, 'dashboard');
    await page.getByTestId('clear-faults').click();
    await page.getByText('All is well.').waitFor();
    expect(pi.payment(bought.identifier).transaction?.txid).toBe(pi.transactions()[0]?.hash);
  });
});
