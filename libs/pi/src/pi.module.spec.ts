import { Injectable, Logger, Module } from '@nestjs/common';
import type { DynamicModule, INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { InjectPi, PiConfigurationError, PiModule } from 'nestjs-pi';
import type { PiModuleExtras, PiModuleOptions, PiOptionsFactory, PiResolvedOptions } from 'nestjs-pi';
import { PiTelemetry } from './telemetry.js';
import { getPiOptionsToken } from './pi.tokens.js';

const GOOD: PiModuleOptions = { apiKey: 'emulated_key', network: 'testnet', platformUrl: 'http://127.0.0.1:1/v2' };
const SEED = `S${'A'.repeat(55)}`;

let app: INestApplicationContext | undefined;
async function boot(...imports: DynamicModule[]): Promise<INestApplicationContext> {
  const module = await Test.createTestingModule({ imports }).compile();
  return (app = await module.init());
}
const refusal = async (...imports: DynamicModule[]): Promise<PiConfigurationError> =>
  boot(...imports).then(
    () => Promise.reject(new Error('booted')),
    (error: PiConfigurationError) => error,
  );
const optionsOf = (app: INestApplicationContext, name?: string): PiResolvedOptions => app.get(getPiOptionsToken(name));

afterEach(async () => {
  await app?.close();
  app = undefined;
});

describe('PiModule', () => {
  class Source implements PiOptionsFactory {
    createPiOptions = async () => GOOD;
  }
  @Module({ providers: [Source, { provide: 'KEY', useValue: GOOD.apiKey }], exports: [Source, 'KEY'] })
  class SourceModule {}

  it.each<[string, () => DynamicModule]>([
    ['forRoot', () => PiModule.forRoot({ ...GOOD })],
    ['useFactory', () => PiModule.forRootAsync({ useFactory: () => GOOD })],
    [
      'an asynchronous useFactory with imports and inject',
      () =>
        PiModule.forRootAsync({
          imports: [SourceModule],
          inject: ['KEY'],
          useFactory: async (apiKey: string) => ({ ...GOOD, apiKey }),
        }),
    ],
    ['useClass', () => PiModule.forRootAsync({ useClass: Source })],
    ['useExisting', () => PiModule.forRootAsync({ imports: [SourceModule], useExisting: Source })],
  ])('takes options by %s', async (_name, register) => {
    expect(optionsOf(await boot(register()))).toMatchObject({ ...GOOD, app: '', passphrase: 'Pi Testnet' });
  });

  it('fills in every default, also for options that are there but undefined', async () => {
    const app = await boot(
      PiModule.forRoot({
        ...GOOD,
        http: { timeoutMs: undefined as never },
        auth: { cacheMs: undefined as never, negativeCacheMs: 5 },
      }),
    );
    expect(optionsOf(app)).toEqual({
      ...GOOD,
      app: '',
      horizonUrl: 'https://api.testnet.minepi.com',
      passphrase: 'Pi Testnet',
      http: { timeoutMs: 10_000, retries: 2, connections: 32, maxAnswerBytes: 4_194_304 },
      auth: {
        cacheMs: 60_000,
        negativeCacheMs: 5,
        cacheSize: 50_000,
        concurrentChecks: 16,
        queuedChecks: 1_000,
        staleIfErrorMs: 0,
      },
      payments: { abandonAfterMs: 600_000, handlerMs: 30_000, sweepMs: 2_000 },
      wallets: [],
    });
  });

  it('keeps structural extras out of the options', async () => {
    const extras: Required<PiModuleExtras> = { isGlobal: true, name: 'shop', paymentsController: false };
    const options = optionsOf(await boot(PiModule.forRoot({ ...GOOD, ...extras })), 'shop');
    expect(Object.keys(options)).not.toEqual(expect.arrayContaining(['isGlobal']));
    expect(options).not.toHaveProperty('name');
    expect(options).not.toHaveProperty('paymentsController');
  });

  @Injectable()
  class Consumer {
    constructor(@InjectPi(PiTelemetry) readonly unnamed: PiTelemetry) {}
  }
  @Module({ providers: [Consumer], exports: [Consumer] })
  class FeatureModule {}

  it('is global unless told otherwise', async () => {
    const app = await boot(PiModule.forRoot(GOOD), { module: FeatureModule });
    expect(app.get(Consumer).unnamed).toBeInstanceOf(PiTelemetry);
    await expect(boot(PiModule.forRoot({ ...GOOD, isGlobal: false }), { module: FeatureModule })).rejects.toThrow(
      /can't resolve dependencies of the Consumer/,
    );
  });

  it('takes an extra that is undefined for one that is not given', async () => {
    const undecided = { isGlobal: undefined, name: undefined, paymentsController: undefined } as PiModuleExtras;
    const modules = [
      PiModule.forRoot({ ...GOOD, ...undecided }),
      PiModule.forRootAsync({ ...undecided, useFactory: () => GOOD }),
    ];
    for (const module of modules) {
      const app = await boot(module, { module: FeatureModule });
      expect(app.get(Consumer).unnamed).toBeInstanceOf(PiTelemetry);
      expect(module.controllers).toEqual([]);
    }
  });

  it('gives every named app services of its own', async () => {
    const app = await boot(
      PiModule.forRoot(GOOD),
      PiModule.forRootAsync({ name: 'main', useFactory: () => ({ apiKey: 'k', network: 'mainnet' }) }),
      PiModule.forRoot({ ...GOOD, name: 'test' }),
    );
    const apps = [undefined, 'main', 'test'].map((name) => optionsOf(app, name));
    expect(apps.map(({ app, network }) => [app, network])).toEqual([
      ['', 'testnet'],
      ['main', 'mainnet'],
      ['test', 'testnet'],
    ]);
  });

  it.each<[string, string | undefined, RegExp]>([
    ['without a name', undefined, /registered twice without a name/],
    ['with one name', 'shop', /registered twice with the name "shop"/],
  ])('refuses two registrations %s', async (_title, name, message) => {
    const extras = name === undefined ? {} : { name };
    const error = await refusal(PiModule.forRoot({ ...GOOD, ...extras }), PiModule.forRoot({ ...GOOD, ...extras }));
    expect(error).toBeInstanceOf(PiConfigurationError);
    expect(error.message).toMatch(message);
  });

  it('takes one registration imported in several places for one', async () => {
    const pi = PiModule.forRoot(GOOD);
    @Module({ imports: [pi] })
    class Other {}
    expect(optionsOf(await boot(pi, { module: Other })).app).toBe('');
  });
});

describe('what the options leave open', () => {
  it.each<[string, object, unknown[]]>([
    ['no appId', {}, [expect.stringMatching(/No appId: a token that Pi issued to another app is accepted/)]],
    [
      'wallets without a ledger',
      { appId: 'a', wallets: [{ signer: { seed: SEED } }] },
      [expect.stringMatching(/Wallets, but no ledger/)],
    ],
    ['nothing', { appId: 'a' }, []],
  ])('%s is said at boot', async (_title, options, lines) => {
    const said = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    await boot(PiModule.forRoot({ ...GOOD, ...options }));
    expect(said.mock.calls.map(([message]) => message)).toEqual(lines);
    said.mockRestore();
  });
});

describe('the check of options at boot', () => {
  const WALLET = { signer: { seed: SEED } };
  const LEDGER = { directory: '/tmp/none' };

  it.each<[string, object, RegExp]>([
    ['no API key', { apiKey: undefined }, /`apiKey` is missing/],
    ['an empty API key', { apiKey: '' }, /`apiKey` is missing/],
    ['a wallet seed as API key', { apiKey: SEED }, /`apiKey` is a wallet seed/],
    ['a line break in the API key', { apiKey: 'abc\n' }, /`apiKey` holds white space/],
    ['the scheme before the API key', { apiKey: 'Key abc' }, /`apiKey` holds white space/],
    ['no network', { network: undefined }, /`network` is missing/],
    ['an unknown network', { network: 'Pi Testnet' }, /`network` is "Pi Testnet"/],
    ['a network from the prototype', { network: 'toString' }, /`network` is "toString"/],
    ['an empty app id', { appId: ' ' }, /`appId` is " "/],
    ['a URL that is none', { platformUrl: 'api.minepi.com' }, /`platformUrl` is no http\(s\) URL/],
    ['a URL of another scheme', { horizonUrl: 'ftp://localhost' }, /`horizonUrl` is no http\(s\) URL/],
    ['a URL with credentials', { platformUrl: 'https://u:secret@localhost/v2' }, /carries credentials/],
    ['a key in clear text', { apiKey: 'k', platformUrl: 'http://pi.example/v2' }, /plain http to pi\.example/],
    ['the Platform API without version', { apiKey: 'k', platformUrl: 'https://api.minepi.com' }, /not version 2/],
    ['a key of the emulator for the real Pi', { platformUrl: undefined }, /`apiKey` is one of the emulator/],
    ['the other chain', { horizonUrl: 'https://api.mainnet.minepi.com' }, /is the chain of mainnet, but `network`/],
    ['a negative time-out', { http: { timeoutMs: -1 } }, /`http\.timeoutMs` is -1/],
    ['a time-out as text', { http: { timeoutMs: '5s' } }, /`http\.timeoutMs` is "5s"/],
    ['too many retries', { http: { retries: 99 } }, /`http\.retries` is 99/],
    ['no check at a time', { auth: { concurrentChecks: 0 } }, /`auth\.concurrentChecks` is 0/],
    ['one connection for all', { http: { connections: 1 } }, /`http\.connections` is 1/],
    [
      'as many checks as connections',
      { auth: { concurrentChecks: 4 }, http: { connections: 4 } },
      /`auth\.concurrentChecks` is 4 and `http\.connections` is 4: .*no connection for payments/,
    ],
    ['as many checks as the default connections', { auth: { concurrentChecks: 32 } }, /`http\.connections` is 32/],
    ['NaN', { auth: { cacheMs: NaN } }, /`auth\.cacheMs` is NaN/],
    ['a store that is none', { auth: { store: {} } }, /`auth\.store` is no store/],
    [
      'a stale time that never comes',
      { auth: { staleIfErrorMs: 30_000 } },
      /staleIfErrorMs` is 30000 and `auth\.cacheMs` is 60000/,
    ],
    ['a ledger without a database', { ledger: {} }, /`ledger` names no database/],
    ['a ledger in two places', { ledger: { url: 'postgres://h/d', directory: 'x' } }, /names `url` and `directory`/],
    ['another database', { ledger: { url: 'mysql://h/d' } }, /`ledger\.url` is no PostgreSQL URL/],
    ['a pool that is none', { ledger: { pool: {} } }, /`ledger\.pool` is no pg\.Pool/],
    ['an unknown way to migrate', { ledger: { ...LEDGER, migrations: 'never' } }, /`ledger\.migrations` is "never"/],
    ['a runner that is none', { ledger: { ...LEDGER, transactions: {} } }, /cannot run a transaction/],
    [
      'a seed cut short',
      { ledger: LEDGER, wallets: [{ signer: { seed: 'SABC' } }] },
      /`wallets\[0\]\.signer\.seed` is no/,
    ],
    [
      'a public key as seed',
      { ledger: LEDGER, wallets: [{ signer: { seed: `G${'A'.repeat(55)}` } }] },
      /is a public key/,
    ],
    ['a signer that cannot sign', { ledger: LEDGER, wallets: [{ signer: {} }] }, /can sign nothing/],
    ['one wallet twice', { ledger: LEDGER, wallets: [WALLET, WALLET] }, /Two of `wallets`/],
    ['a limit of nothing', { ledger: LEDGER, wallets: [{ ...WALLET, dailyLimit: 0 }] }, /dailyLimit` is 0/],
    [
      'a limit too fine',
      { ledger: LEDGER, wallets: [{ ...WALLET, dailyLimit: '0.12345678' }] },
      /dailyLimit` is "0.12345678"/,
    ],
    [
      'fees upside down',
      { ledger: LEDGER, wallets: [{ ...WALLET, fee: { min: 1, max: '0.1' } }] },
      /begins at 1 Pi and ends/,
    ],
  ])('refuses %s', async (_title, wrong, message) => {
    const error = await refusal(PiModule.forRoot({ ...GOOD, ...wrong } as PiModuleOptions));
    expect(error).toBeInstanceOf(PiConfigurationError);
    expect(error.problems).toEqual([{ problem: expect.stringMatching(message), fix: expect.stringMatching(/.{10}/) }]);
  });

  it.each<[string, object]>([
    [
      'http to this machine',
      { apiKey: 'k', platformUrl: 'http://localhost:31415/v2', horizonUrl: 'http://[::1]:31415' },
    ],
    ['http to the emulator in another container', { platformUrl: 'http://emulator:31415/v2' }],
    ['a proxy of its own in front of Pi', { apiKey: 'k', platformUrl: 'https://pi-proxy.example/api/v2/' }],
  ])('accepts %s', async (_title, options) => {
    const module = PiModule.forRoot({ ...GOOD, ...options } as PiModuleOptions);
    await expect(boot(module)).resolves.toBeDefined();
  });

  it('names every problem at once, and no secret', async () => {
    const error = await refusal(
      PiModule.forRoot({
        apiKey: SEED,
        network: 'pi',
        http: { retries: -1 },
        ledger: { url: 'secret-password@db' },
        wallets: [{ signer: { seed: `${SEED}X` } }],
      } as never),
    );
    expect(error.problems.map(({ problem }) => problem)).toEqual([
      expect.stringMatching(/apiKey/),
      expect.stringMatching(/network/),
      expect.stringMatching(/http\.retries/),
      expect.stringMatching(/ledger\.url/),
      expect.stringMatching(/wallets\[0\]/),
    ]);
    expect(error.message).not.toMatch(/AAAA|secret-password/);
  });

  it('says which Pi app is wrong', async () => {
    const error = await refusal(PiModule.forRoot({ ...GOOD, apiKey: '', name: 'shop' }));
    expect(error.message).toContain('Pi app "shop": `apiKey` is missing.');
  });

  it.each([undefined, null, 'options'])('refuses a factory that returns %s', async (value) => {
    const error = await refusal(PiModule.forRootAsync({ useFactory: () => value as never }));
    expect(error.problems[0]?.problem).toMatch(/instead of options/);
  });

  it.each<[string, () => DynamicModule]>([
    ['forRoot()', () => PiModule.forRoot(undefined as never)],
    ['forRoot(null)', () => PiModule.forRoot(null as never)],
    ["forRoot('options')", () => PiModule.forRoot('options' as never)],
    ['forRootAsync()', () => PiModule.forRootAsync(undefined as never)],
  ])('explains %s', async (_title, register) => {
    const error = await refusal(register());
    expect(error.problems).toEqual([
      { problem: expect.stringMatching(/instead of options/), fix: expect.stringMatching(/apiKey, network/) },
    ]);
  });

  it('explains a paymentsController that is null', async () => {
    const error = await refusal(PiModule.forRoot({ ...GOOD, paymentsController: null } as never));
    expect(error.problems).toEqual([
      { problem: '`paymentsController` is null.', fix: expect.stringContaining('Use true') },
    ]);
  });

  it('refuses structural options out of the factory', async () => {
    const error = await refusal(PiModule.forRootAsync({ useFactory: () => ({ ...GOOD, isGlobal: false }) }));
    expect(error.problems).toEqual([
      { problem: expect.stringContaining('`isGlobal` came out of the options factory'), fix: expect.any(String) },
    ]);
  });
});
