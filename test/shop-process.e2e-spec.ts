import { execFileSync } from 'node:child_process';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { createContext, runInContext } from 'node:vm';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EmulatedPioneer, PiEmulator } from 'pi-emulator';
import { createPostgres, type TestDatabase } from './support/database.js';
import { hasRedis, type RunningRedis, startRedis } from './support/redis.js';
import { createDataDirectory } from './support/test-shop.js';
import { endShops, freePort, runShop, type ShopProcess, whenReady } from './support/shop-process.js';

jest.setTimeout(180_000);

describe('Corner Shop as a program', () => {
  let directory: string;
  let port: number;
  let emulatorPort: number;
  let env: Record<string, string>;
  let url: string;
  let pi: string;

  beforeEach(async () => {
    directory = await createDataDirectory();
    [port, emulatorPort] = [await freePort(), await freePort()];
    env = {
      PORT: String(port),
      PI_EMULATOR_PORT: String(emulatorPort),
      PI_DATA_DIR: directory,
      PI_EMULATOR_LEDGER_MS: '80',
    };
    [url, pi] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${emulatorPort}`];
  });
  afterEach(async () => {
    endShops();
    await rm(directory, { recursive: true, force: true });
  });

  // oxlint-disable-next-line typescript/no-explicit-any -- compared as a whole
  async function post(address: string, body: object = {}, headers: Record<string, string> = {}): Promise<any> {
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${address} answered ${response.status}: ${await response.text()}`);
    return response.json();
  }
  async function buy({ uid, accessToken }: EmulatedPioneer, control = `${pi}/_emulator`): Promise<string> {
    const payment = { amount: '0.1', memo: 'A postcard', metadata: { productId: 'postcard' } };
    const { identifier: paymentId } = await post(`${control}/pioneers/${uid}/payments`, payment);
    await post(`${url}/pi_payment/approve`, { paymentId, accessToken });
    const { txid: transactionId } = await post(`${control}/payments/${paymentId}/sign`);
    await post(`${url}/pi_payment/complete`, { paymentId, transactionId });
    return paymentId;
  }
  const ordersOf = async ({ accessToken }: EmulatedPioneer) => {
    const response = await fetch(`${url}/api/orders`, { headers: { authorization: `Bearer ${accessToken}` } });
    return (await response.json()) as { paymentId: string; status: string }[];
  };
  async function interrupt(shop: ShopProcess, signal: NodeJS.Signals = 'SIGINT') {
    shop.process.kill(signal);
    return shop.ended;
  }

  it('sells on a bare machine, as npm start prepares it, with a Pi of its own, and keeps everything over a restart', async () => {
    await rm(directory, { recursive: true });
    const make = `import('./scripts/make-database.mjs').then((script) => script.makeDatabase(process.env))`;
    execFileSync(process.execPath, ['-e', make], { env: { PATH: process.env['PATH'], PI_DATA_DIR: directory } });
    expect(await readdir(join(directory, 'database'))).toEqual(expect.arrayContaining(['closed', 'postgres']));
    const shop = runShop(env);
    await whenReady(shop);
    for (const part of [`localhost:${port}`, pi, '/_emulator', 'emulated_testnet_api_key', 'emulated_operator_'])
      expect(shop.output()).toContain(part);
    expect(shop.output()).not.toContain('WARN');
    const amara: EmulatedPioneer = await post(`${pi}/_emulator/pioneers`, { username: 'amara' });
    const paymentId = await buy(amara);
    expect(await ordersOf(amara)).toEqual([expect.objectContaining({ paymentId, status: 'delivered' })]);
    // Refunds take the operator key it printed.
    const key = /emulated_operator_\S+/.exec(shop.output())?.[0] ?? '';
    const { payoutId } = await post(`${url}/api/orders/${paymentId}/refund`, {}, { 'x-operator-key': key });
    expect(payoutId).toEqual(expect.any(String));
    await expectSdk();
    expect(await interrupt(shop)).toBe(0);
    await expect(fetch(url)).rejects.toThrow();
    await expect(fetch(pi)).rejects.toThrow();

    const again = runShop(env);
    await whenReady(again);
    expect(await ordersOf(amara)).toEqual([expect.objectContaining({ paymentId, status: 'delivered' })]);
    await buy(amara);
    expect(await ordersOf(amara)).toHaveLength(2);
    expect(await interrupt(again, 'SIGTERM')).toBe(0);
  });

  it('makes its database where nobody has, ships its pages in dist, and reads the .env file where it is started', async () => {
    await rm(join(directory, 'database'), { recursive: true });
    await writeFile(join(directory, '.env'), `PORT=${port}\nOPERATOR_KEY=from-the-file\n`);
    const { PORT: _, ...rest } = env;
    const shop = runShop(rest, directory);
    await whenReady(shop);
    expect(await (await fetch(url)).text()).toContain('Corner Shop');
    expect(await (await fetch(`${url}/operator`)).text()).toContain('Operator key');
    for (const path of ['/shop.js', '/shop.css', '/icon.svg', '/products/honey.svg'])
      expect((await fetch(url + path)).status).toBe(200);
    expect((await fetch(`${url}/api/payouts`, { headers: { 'x-operator-key': 'from-the-file' } })).status).toBe(200);
    await interrupt(shop);
  });

  /** As built by tsc alone, it sets `window.Pi` before the next script runs. */
  async function expectSdk(): Promise<void> {
    const script = await (await fetch(`${pi}/pi-sdk.js`)).text();
    const window: { Pi?: { init: unknown } } = {};
    const page = createContext({ window, document: { currentScript: { src: `${pi}/pi-sdk.js` } }, URL, console });
    runInContext(script, page);
    expect(Object.keys(window.Pi ?? {})).toEqual(
      expect.arrayContaining(['init', 'authenticate', 'createPayment', 'Ads', 'nativeFeaturesList', 'openShareDialog']),
    );
    expect(await (await fetch(`${pi}/_emulator`)).text()).toContain('<title>Pi Emulator</title>');
  }

  describe('says what is wrong and how to fix it', () => {
    let squatter: Server;
    afterEach(() => new Promise((done) => (squatter?.listening ? squatter.close(done) : done(undefined))));
    const occupy = (taken: number) =>
      new Promise<void>((listening) => {
        squatter = createServer().listen(taken, '127.0.0.1', () => listening());
      });

    it.each([
      ['its port is busy', () => occupy(port), {}, /Port \d+ is in use[^]*PORT/],
      ["the emulator's port is busy", () => occupy(emulatorPort), {}, /Port \d+[^]*in use[^]*PI_EMULATOR_PORT/],
      ['production has no API key', undefined, { NODE_ENV: 'production' }, /PI_API_KEY is not set/],
      [
        'the operator key fits into no header',
        undefined,
        { OPERATOR_KEY: 'schlüssel' },
        /OPERATOR_KEY holds characters/,
      ],
      ['a port is no number', undefined, { PORT: 'http' }, /PORT is "http"/],
      ['the API key comes without a network', undefined, { PI_API_KEY: 'some-key' }, /PI_NETWORK/],
    ])('%s', async (_what, prepare, extra, message) => {
      await prepare?.();
      const shop = runShop({ ...env, ...(extra as Record<string, string>) });
      expect(await shop.ended).toBe(1);
      expect(shop.output()).toMatch(message);
      expect(shop.output()).not.toMatch(/\n\s+at /);
    });
  });

  describe('with an API key', () => {
    let platform: PiEmulator;
    let database: TestDatabase & { url: string };
    beforeEach(async () => {
      platform = await PiEmulator.start({ port: 0, ledgerMs: 80 });
      database = await createPostgres();
    });
    afterEach(async () => {
      endShops();
      await platform.stop();
      await database.drop();
    });
    const real = () => ({
      ...env,
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PI_API_KEY: platform.apiKey,
      PI_NETWORK: 'testnet',
      PI_WALLET_PRIVATE_SEED: platform.wallet.seed,
      PI_PLATFORM_URL: platform.platformUrl,
      PI_HORIZON_URL: platform.horizonUrl,
      DATABASE_URL: database.url,
    });

    it('talks to the Pi and the PostgreSQL it is told to, starts no emulator, shows no secret, and has no operator', async () => {
      const shop = runShop(real());
      await whenReady(shop);
      await expect(fetch(pi)).rejects.toThrow();
      expect(await (await fetch(url)).text()).toContain('https://sdk.minepi.com/pi-sdk.js');
      const amara = await platform.createPioneer({ username: 'amara' });
      await buy(amara, `${platform.url}/_emulator`);
      expect(await ordersOf(amara)).toEqual([expect.objectContaining({ status: 'delivered' })]);
      for (const secret of [platform.apiKey, platform.wallet.seed, amara.accessToken])
        expect(shop.output()).not.toContain(secret);
      // Nobody set OPERATOR_KEY, so there are no operator's routes.
      for (const key of ['', 'undefined', 'anything'])
        expect((await fetch(`${url}/api/payouts`, { headers: { 'x-operator-key': key } })).status).toBe(404);
      await interrupt(shop);
    });

    it('sells without a wallet, pays nothing, and has an operator with OPERATOR_KEY', async () => {
      const { PI_WALLET_PRIVATE_SEED: _, ...withoutWallet } = real();
      const shop = runShop({ ...withoutWallet, OPERATOR_KEY: 'secret of the operator' });
      await whenReady(shop);
      // With OPERATOR_KEY there are the operator's routes, and it is not printed.
      const operator = { 'x-operator-key': 'secret of the operator' };
      const payouts = await fetch(`${url}/api/payouts`, { headers: operator });
      expect([payouts.status, await payouts.json()]).toEqual([200, []]);
      expect(shop.output()).not.toContain('secret of the operator');
      const amara = await platform.createPioneer({ username: 'amara' });
      const paymentId = await buy(amara, `${platform.url}/_emulator`);
      await expect(post(`${url}/api/orders/${paymentId}/refund`, {}, operator)).rejects.toThrow(/409.*no wallet/);
      const authorization = `Bearer ${amara.accessToken}`;
      expect(await (await fetch(`${url}/api/config`)).json()).toMatchObject({ rewardAmount: null });
      expect(await (await fetch(`${url}/api/rewards`, { headers: { authorization } })).json()).toEqual([]);
      await expect(post(`${url}/api/ads/reward`, { adId: 'an-ad' }, { authorization })).rejects.toThrow(
        /404.*no wallet/,
      );
      await interrupt(shop);
    });

    (hasRedis ? describe : describe.skip)(`and Redis${hasRedis ? '' : ' [NOT RUN: no redis-server]'}`, () => {
      let redis: RunningRedis;
      beforeEach(async () => {
        redis = await startRedis();
      });
      afterEach(() => redis.stop());

      it('shares verified tokens between instances, and goes on, and ends, when Redis hangs', async () => {
        const other = await freePort();
        const shops = [real(), { ...real(), PORT: String(other) }].map((one) =>
          runShop({ ...one, REDIS_URL: redis.url }),
        );
        await Promise.all(shops.map((shop) => whenReady(shop)));
        const amara = await platform.createPioneer({ username: 'amara' });
        const me = (at: string) => fetch(`${at}/api/me`, { headers: { authorization: `Bearer ${amara.accessToken}` } });
        expect((await me(url)).status).toBe(200);
        expect((await me(`http://127.0.0.1:${other}`)).status).toBe(200);
        expect(platform.journal({ path: '/v2/me' })).toHaveLength(1);
        redis.hang();
        await sleep(1_100); // So long a verified token is trusted without asking Redis.
        expect((await me(url)).status).toBe(200);
        expect(await Promise.all(shops.map((shop) => interrupt(shop)))).toEqual([0, 0]);
      });
    });
  });
});
