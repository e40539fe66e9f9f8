import type { INestApplicationContext } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { A2UService, PaymentsService, PiConfigurationError, PiModule } from 'nestjs-pi';
import type { Pioneer, PiModuleOptions } from 'nestjs-pi';
import { PiHealthIndicator } from 'nestjs-pi/terminus';
import type { PiHealthOptions } from 'nestjs-pi/terminus';
import { Keypair } from '@stellar/stellar-sdk';
import pg from 'pg';
import { PiEmulator } from 'pi-emulator';
import { eventually } from '../../../../test/support/eventually.js';
import { createPostgres, run } from '../../../../test/support/database.js';
import type { TestDatabase } from '../../../../test/support/database.js';
import { StagedMe } from '../../../../test/support/staged-me.js';
import type { StagedAnswer } from '../../../../test/support/staged-me.js';

let emulator: PiEmulator;
let app: INestApplicationContext | undefined;
beforeAll(async () => {
  emulator = await PiEmulator.start({ port: 0, ledgerMs: 'manual' });
});
afterAll(() => emulator.stop());
afterEach(async () => {
  await app?.close();
  app = undefined;
  await emulator.reset();
});

async function examine(options: Partial<PiModuleOptions> = {}, key = 'pi'): Promise<Record<string, unknown>> {
  const { apiKey, network, platformUrl, horizonUrl } = emulator;
  const module = PiModule.forRoot({ apiKey, network, platformUrl, horizonUrl, http: { retries: 0 }, ...options });
  const testing = Test.createTestingModule({ imports: [module, TerminusModule], providers: [PiHealthIndicator] });
  app = await (await testing.compile()).init();
  return look(key);
}
const look = async (key = 'pi', options: PiHealthOptions = {}): Promise<Record<string, unknown>> =>
  (await app!.get(PiHealthIndicator).isHealthy(key, { cacheMs: 0, timeoutMs: 3_000, ...options }))[key] as never;

describe('PiHealthIndicator', () => {
  it('is up when Pi and its chain answer', async () => {
    expect(await examine()).toEqual({ status: 'up', platform: { status: 'up' }, horizon: { status: 'up' } });
  });

  const NOBODY = 'http://127.0.0.1:1';
  it.each<[string, () => Partial<PiModuleOptions>, object]>([
    [
      'down: the Platform API cannot be asked',
      () => ({ platformUrl: NOBODY }),
      { status: 'down', platform: { status: 'down', code: 'PI_UNAVAILABLE', message: expect.any(String) } },
    ],
    [
      'down: the API key is refused',
      () => ({ apiKey: 'emulated_wrong' }),
      { status: 'down', platform: { status: 'down', code: 'PI_API_KEY_REFUSED', message: expect.any(String) } },
    ],
    [
      'degraded: Horizon cannot be asked',
      () => ({ horizonUrl: NOBODY }),
      { status: 'degraded', platform: { status: 'up' }, horizon: { status: 'degraded', code: 'PI_UNAVAILABLE' } },
    ],
    [
      'down: Horizon serves another network',
      () => ({ network: 'mainnet' }),
      { status: 'down', horizon: { status: 'down', message: expect.stringMatching(/serves "Pi Testnet".*mainnet/) } },
    ],
  ])('is %s', async (_title, options, expected) => {
    expect(await examine(options())).toMatchObject(expected);
  });

  it('asks Pi once for many probes', async () => {
    await examine();
    await emulator.reset();
    const indicator = app!.get(PiHealthIndicator);
    await Promise.all(Array.from({ length: 20 }, () => indicator.isHealthy('pi', { cacheMs: 60_000 })));
    expect(emulator.journal().filter(({ path }) => path.includes('incomplete_server_payments'))).toHaveLength(1);
  });

  it('is up with `degraded: true` under Terminus 11, which knows no such status', async () => {
    await examine({ horizonUrl: NOBODY });
    const seen: unknown[] = [];
    const up = (data: object) => (seen.push(data), { pi: { status: 'up', ...data } });
    const terminus11 = { check: () => ({ up, down: () => ({ pi: { status: 'down' } }) }) };
    const indicator = new PiHealthIndicator(terminus11 as never, app!.get(ModuleRef));
    expect(await indicator.isHealthy('pi', { cacheMs: 0 })).toMatchObject({
      pi: { status: 'up', degraded: true, horizon: { status: 'degraded' } },
    });
  });

  it.each<[string, PiHealthOptions, RegExp]>([
    ['an app that is not registered', { app: 'nope' }, /the Pi app "nope", which is not registered/],
    ['a time that is none', { timeoutMs: Number.NaN }, /`timeoutMs` of the health check is NaN/],
  ])('refuses %s, and says how to mend it', async (_title, options, problem) => {
    await examine();
    const refused = await look('pi', options).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(PiConfigurationError);
    expect((refused as Error).message).toMatch(problem);
  });

  describe('of the Platform API', () => {
    let pi: StagedMe;
    beforeEach(async () => {
      pi = await StagedMe.start();
    });
    afterEach(() => pi.stop());

    it.each<[string, object, StagedAnswer]>([
      [
        'has one payment in its answer that cannot be read',
        { status: 'degraded', message: expect.stringMatching(/^1 unfinished/) },
        { status: 200, body: { incomplete_server_payments: [{ identifier: 'x', direction: 'app_to_app' }] } },
      ],
      [
        'asks for fewer calls',
        { status: 'degraded', code: 'PI_UNAVAILABLE' },
        { status: 429, headers: { 'retry-after': '30' } },
      ],
      ['answers with a fault of its own', { status: 'down', code: 'PI_UNAVAILABLE' }, { status: 500 }],
    ])('says so when it %s', async (_title, expected, answer) => {
      pi.behaviour = () => answer;
      expect(await examine({ platformUrl: pi.platformUrl })).toMatchObject({ platform: expected });
    });

    it('asks once at a time, however slow it is and however many probes come meanwhile', async () => {
      await examine({ platformUrl: pi.platformUrl });
      const asked = pi.calls.length;
      pi.behaviour = () => 'hold';
      const probes = [look('pi', { cacheMs: 1 })];
      await eventually(() => pi.open === 1);
      for (let i = 0; i < 5; i += 1) probes.push(look('pi', { cacheMs: 1 }));
      pi.behaviour = () => ({ status: 500 });
      pi.release();
      await Promise.all(probes);
      expect(pi.calls.length - asked).toBe(1);
    });
  });

  describe('with a ledger and a wallet', () => {
    let database: TestDatabase;
    afterEach(async () => {
      await app?.close();
      app = undefined;
      await database.drop();
    });
    const start = async (wallet: object = {}) => {
      database = await createPostgres();
      return examine({
        ledger: database.ledger,
        wallets: [{ name: 'main', signer: { seed: emulator.wallet.seed }, dailyLimit: 100, ...wallet }],
      });
    };

    it('is up once a lane is worked, and shows what it holds', async () => {
      await start();
      expect(await eventually(() => upWith(look()))).toEqual({
        status: 'up',
        platform: { status: 'up' },
        horizon: { status: 'up' },
        ledger: { status: 'up' },
        payments: { status: 'up', open: 0, needsReview: 0 },
        wallets: { main: { status: 'up', open: 0, lagSeconds: 0, needsReview: 0, balance: '1000000' } },
      });
    });

    it('is degraded when the wallet runs low', async () => {
      await start({ lowBalance: 2_000_000 });
      await eventually(async () => JSON.stringify(await look()).includes('"message":"the balance is low"'));
      expect(await look()).toMatchObject({
        status: 'degraded',
        wallets: { main: { status: 'degraded', message: 'the balance is low' } },
      });
    });

    it('shows payouts that wait, and that the balance does not cover them', async () => {
      await start({ dailyLimit: undefined });
      const { uid } = await emulator.createPioneer({ scopes: ['username', 'payments', 'wallet_address'] });
      await app!.get(A2UService).pay({ idempotencyKey: 'k', uid, amount: 3_000_000, memo: 'm', metadata: { a: 1 } });
      await eventually(async () => JSON.stringify(await look()).includes('"open":1'));
      expect(await look()).toMatchObject({
        status: 'degraded',
        wallets: { main: { open: 1, message: expect.stringContaining('does not cover the open payouts') } },
      });
    });

    it('is degraded while a payment waits for a person, and shows how many are open', async () => {
      await start();
      const { uid } = await emulator.createPioneer();
      const sell = async () =>
        (await emulator.createPayment(uid, { amount: 1, memo: 'A mug', metadata: { a: 1 } })).identifier;
      const payments = app!.get(PaymentsService);
      const [open, paid] = [await sell(), await sell()] as [string, string];
      await payments.approve(open, { uid } as Pioneer, { amount: 1 });
      expect(await look()).toMatchObject({ payments: { status: 'up', open: 1, needsReview: 0 } });

      await approveAtPi(paid);
      const { txid } = await emulator.signPayment(paid);
      await emulator.closeLedger();
      await payments.complete(paid, txid).catch(() => undefined);
      expect(await look()).toMatchObject({
        status: 'degraded',
        payments: { status: 'degraded', open: 1, needsReview: 1, message: '1 payments wait for a person' },
      });
      await payments.resolve(paid, { action: 'dismiss', by: 'ada' });
      expect(await look()).toMatchObject({ payments: { status: 'up', open: 1, needsReview: 0 } });
    });

    it.each<[string, string, object]>([
      ['payments', 'pi.payments', { payments: { status: 'degraded', message: 'the payments cannot be counted' } }],
      [
        'payouts',
        'pi.payouts',
        { wallets: { main: { status: 'degraded', message: 'the payouts cannot be counted' } } },
      ],
    ])('is degraded while the %s cannot be read, though the database answers', async (_title, table, expected) => {
      await start();
      const client = new pg.Client({ connectionString: (database.ledger as { url: string }).url });
      await client.connect();
      try {
        // As a migration of the app does, or a forgotten session of a person.
        await client.query('begin');
        await client.query(`lock table ${table} in access exclusive mode`);
        expect(await look()).toMatchObject({ status: 'degraded', ledger: { status: 'up' }, ...expected });
      } finally {
        await client.end();
      }
    });

    it('is degraded while the balance of a wallet cannot be asked for, though Horizon answers', async () => {
      await start();
      await eventually(() => upWith(look()));
      emulator.addFault({ match: { path: `/accounts/${emulator.wallet.address}` }, fault: 'error', status: 500 });
      expect(await look()).toMatchObject({
        status: 'degraded',
        horizon: { status: 'up' },
        wallets: { main: { status: 'degraded', message: 'the balance cannot be asked for' } },
      });
    });

    it('is degraded while a lane gets nowhere', async () => {
      await start();
      await eventually(() => upWith(look()));
      emulator.addFault({ match: { method: 'POST', path: '/v2/payments' }, fault: 'error', status: 500 });
      const { uid } = await emulator.createPioneer({ scopes: ['username', 'payments', 'wallet_address'] });
      await app!.get(A2UService).pay({ idempotencyKey: 'k', uid, amount: 1, memo: 'm', metadata: { a: 1 } });
      expect(await look()).toMatchObject({ status: 'up', wallets: { main: { open: 1 } } });
      await run(
        (database.ledger as { url: string }).url,
        'set session_replication_role = replica',
        `update pi.payouts set created_at = now() - interval '11 minutes'`,
      );
      expect(await look()).toMatchObject({
        status: 'degraded',
        wallets: { main: { status: 'degraded', message: 'the oldest open payout has waited for 11 minutes' } },
      });
      expect(await look('pi', { maxLagMs: 15 * 60_000 })).toMatchObject({ status: 'up' });
    });

    it('is down while the ledger does not answer, and says nothing of what it holds', async () => {
      await start();
      await eventually(() => upWith(look()));
      const { pathname } = new URL((database.ledger as { url: string }).url);
      const name = pathname.slice(1);
      const admin = new pg.Client({ connectionString: process.env['TEST_DATABASE_URL'] });
      await admin.connect();
      try {
        await admin.query(`alter database ${name} allow_connections false`);
        await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
        const report = await look();
        expect(report).toMatchObject({ status: 'down', ledger: { status: 'down' }, platform: { status: 'up' } });
        expect([report['payments'], report['wallets']]).toEqual([undefined, undefined]);
        expect(JSON.stringify(report)).not.toContain(name);
      } finally {
        await admin.query(`alter database ${name} allow_connections true`);
        await admin.end();
      }
    });

    it('is degraded while nobody works a lane', async () => {
      await start();
      await eventually(() => upWith(look()));
      const report = await eventually(async () => {
        await run((database.ledger as { url: string }).url, 'delete from pi.leases');
        const seen = await look();
        return JSON.stringify(seen).includes('no instance works this lane') ? seen : undefined;
      });
      expect(report).toMatchObject({ status: 'degraded', wallets: { main: { status: 'degraded' } } });
    });

    it('is degraded when the wallet does not exist on the chain', async () => {
      await start({ signer: { seed: Keypair.random().secret() } });
      expect(await look()).toMatchObject({
        status: 'degraded',
        wallets: { main: { message: expect.stringContaining('the wallet does not exist on this chain') } },
      });
    });

    it('is degraded while a payout waits for a person', async () => {
      await start();
      await eventually(() => upWith(look()));
      emulator.addFault({ match: { method: 'POST', path: '/v2/payments' }, fault: 'error', status: 500 });
      const { uid } = await emulator.createPioneer({ scopes: ['username', 'payments', 'wallet_address'] });
      await app!.get(A2UService).pay({ idempotencyKey: 'k', uid, amount: 1, memo: 'm', metadata: { a: 1 } });
      await run(
        (database.ledger as { url: string }).url,
        'set session_replication_role = replica',
        `update pi.payouts set state = 'needs_review', review = 'gap_unexplained', identifier = 'x'`,
      );
      expect(await look()).toMatchObject({
        status: 'degraded',
        wallets: { main: { status: 'degraded', open: 0, needsReview: 1, message: '1 payouts wait for a person' } },
      });
    });

    it('is answered within the one time limit, however many parts hang one after the other', async () => {
      await start();
      await eventually(() => upWith(look()));
      const { url } = database.ledger as { url: string };
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.query('begin');
      await client.query('lock table pi.payouts in access exclusive mode');
      // The lanes can be counted after a third of the time: the balance would come within it, but not within what is left of it.
      emulator.addFault({ match: { path: '/accounts' }, fault: 'latency', latencyMs: 2_500 });
      setTimeout(() => void client.end(), 1_000);
      expect(await look('pi', { timeoutMs: 3_000 })).toMatchObject({
        wallets: { main: { message: 'the balance cannot be asked for' } },
      });
    });

    /** Not by us: so that its money needs an explanation. */
    const approveAtPi = (id: string) =>
      fetch(`${emulator.platformUrl}/payments/${id}/approve`, {
        method: 'POST',
        headers: { authorization: `Key ${emulator.apiKey}` },
      });
    const upWith = async (looked: Promise<Record<string, unknown>>) => {
      const report = await looked;
      return report['status'] === 'up' ? report : undefined;
    };
  });
});
