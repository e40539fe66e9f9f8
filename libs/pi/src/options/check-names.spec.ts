import { Test } from '@nestjs/testing';
import type { DynamicModule } from '@nestjs/common';
import { PiConfigurationError, PiModule } from 'nestjs-pi';
import type { PiModuleAsyncOptions, PiModuleOptions } from 'nestjs-pi';

const GOOD: PiModuleOptions = { apiKey: 'emulated_key', network: 'testnet', platformUrl: 'http://127.0.0.1:1/v2' };
const SEED = `S${'A'.repeat(55)}`;
const WALLET = { signer: { seed: SEED } };

/** What the check at boot says, a line a problem; nothing when the app starts. */
async function complaints(module: DynamicModule): Promise<string[]> {
  try {
    const testing = await Test.createTestingModule({ imports: [module] }).compile();
    await testing.close();
    return [];
  } catch (error) {
    if (!(error instanceof PiConfigurationError)) throw error;
    if (error.message.includes('AAAA')) throw new Error('The seed is shown.', { cause: error });
    return error.problems.map(({ problem, fix }) => `${problem} ${fix}`);
  }
}
const forRoot = (given: object) => complaints(PiModule.forRoot({ ...GOOD, ...given } as PiModuleOptions));
const forRootAsync = (given: object) => complaints(PiModule.forRootAsync(given as PiModuleAsyncOptions));

describe('a misspelt option', () => {
  const cases: [string, object, string][] = [
    ['apikey', { apikey: 'k' }, '`apikey` is no option. Did you mean `apiKey`?'],
    ['api_key', { api_key: 'k' }, '`api_key` is no option. Did you mean `apiKey`?'],
    ['PI_API_KEY', { PI_API_KEY: 'k' }, '`PI_API_KEY` is no option. Did you mean `apiKey`?'],
    ['horizonURI', { horizonURI: 'x' }, '`horizonURI` is no option. Did you mean `horizonUrl`?'],
    ['platform', { platform: 'x' }, '`platform` is no option. Did you mean `platformUrl`?'],
    ['wallet', { wallet: WALLET }, '`wallet` is no option. Did you mean `wallets`?'],
    ['auth.cachMs', { auth: { cachMs: 1 } }, '`auth.cachMs` is no option. Did you mean `auth.cacheMs`?'],
    ['http.timoeut', { http: { timoeutMs: 1 } }, '`http.timoeutMs` is no option. Did you mean `http.timeoutMs`?'],
    ['http.timeout', { http: { timeout: 1 } }, '`http.timeout` is no option. Did you mean `http.timeoutMs`?'],
    [
      'payments.handlerMS',
      { payments: { handlerMS: 1 } },
      '`payments.handlerMS` is no option. Did you mean `payments.handlerMs`?',
    ],
    [
      'ledger.migration',
      { ledger: { directory: 'x', migration: 'manual' } },
      '`ledger.migration` is no option. Did you mean `ledger.migrations`?',
    ],
    [
      'wallets[0].dailylimit',
      { wallets: [{ ...WALLET, dailylimit: 5 }] },
      '`wallets[0].dailylimit` is no option. Did you mean `wallets[0].dailyLimit`?',
    ],
    [
      'wallets[1].fee.maximum',
      { wallets: [{ signer: { publicKey: `G${'A'.repeat(55)}`, sign() {} } }, { ...WALLET, fee: { mix: 1 } }] },
      '`wallets[1].fee.mix` is no option. Did you mean `wallets[1].fee.min`?',
    ],
    ['in the wrong place', { cacheMs: 1 }, '`cacheMs` is no option. Did you mean `auth.cacheMs`?'],
    ['in the wrong group', { auth: { timeoutMs: 1 } }, '`auth.timeoutMs` is no option. Did you mean `http.timeoutMs`?'],
    [
      'like nothing there is',
      { http: { colour: 'red' } },
      '`http.colour` is no option. Remove it. What can stand here: timeoutMs, retries, connections, maxAnswerBytes.',
    ],
  ];

  it.each(cases)('%s is named with the right one', async (_title, given, complaint) => {
    expect(await forRoot(given)).toEqual([complaint]);
  });

  it.each(cases)('%s is found in what a factory returns', async (_title, given, complaint) => {
    const useFactory = async () => ({ ...GOOD, ...given });
    expect(await forRootAsync({ useFactory })).toEqual([complaint]);
  });

  it('is one problem among all others', async () => {
    const said = await complaints(PiModule.forRoot({ apikey: 'k', network: 'pi', auth: { cachMs: 1 } } as never));
    expect(said).toEqual([
      '`apikey` is no option. Did you mean `apiKey`?',
      '`auth.cachMs` is no option. Did you mean `auth.cacheMs`?',
      expect.stringContaining('`apiKey` is missing.'),
      expect.stringContaining('`network` is "pi".'),
    ]);
  });

  it.each<[string, object, string]>([
    ['isglobal', { isglobal: false }, '`isglobal` is no option. Did you mean `isGlobal`?'],
    [
      'paymentController',
      { paymentController: true },
      '`paymentController` is no option. Did you mean `paymentsController`?',
    ],
    [
      'paymentsController.pth',
      { paymentsController: { pth: 'pay' } },
      "`paymentsController` is { pth }. Use true, which mounts it at pi_payment, or { path: 'payments' }.",
    ],
    [
      'paymentsController as text',
      { paymentsController: 'pay' },
      '`paymentsController` is "pay". Use true, which mounts it at pi_payment, or { path: \'payments\' }.',
    ],
  ])('%s is found with forRoot and beside a factory', async (_title, extra, complaint) => {
    expect(await forRoot(extra)).toEqual([complaint]);
    expect(await forRootAsync({ useFactory: () => GOOD, ...extra })).toEqual([complaint]);
  });

  it.each<[string, object, string[]]>([
    [
      'an option beside it',
      { useFactory: () => GOOD, auth: { cacheMs: 5 } },
      [expect.stringMatching(/^`auth` stands beside the options factory, where nothing reads it\. Return it from/)],
    ],
    ['injects', { useFactory: () => GOOD, injects: [] }, ['`injects` is no option. Did you mean `inject`?']],
    [
      'usefactory',
      { usefactory: () => GOOD },
      ['`usefactory` is no option. Did you mean `useFactory`?', expect.stringContaining('PiModule got undefined')],
    ],
    ['none at all', {}, [expect.stringContaining('PiModule got undefined instead of options. Return {')]],
  ])('a factory with %s is explained', async (_title, given, said) => {
    expect(await forRootAsync(given)).toEqual(said);
  });
});

describe('what is no misspelt option', () => {
  class Configuration implements PiModuleOptions {
    apiKey = GOOD.apiKey;
    network = GOOD.network;
    platformUrl = 'http://127.0.0.1:1/v2';
    ownThings = new Map();
  }

  it.each<[string, object]>([
    ['an option that is undefined', { apikey: undefined, auth: { cachMs: undefined }, http: undefined }],
    ['more in a store', { auth: { store: { get() {}, set() {}, delete() {}, opts: {}, namespace: 'x' } } }],
    [
      'more in a signer',
      { wallets: [{ signer: { publicKey: `G${'A'.repeat(55)}`, sign() {}, kms: {}, keyId: 'x' } }] },
    ],
  ])('%s', async (_title, given) => {
    expect(await forRoot(given)).toEqual([]);
  });

  it('what an instance of a class has of its own', async () => {
    expect(await forRootAsync({ useFactory: () => new Configuration() })).toEqual([]);
  });
});

describe('an option of the wrong kind', () => {
  it.each<[string, object, RegExp]>([
    ['a group that is null', { auth: null }, /^`auth` is null\. Use \{ cacheMs, /],
    ['a group that is a number', { http: 5 }, /^`http` is a number\. Use \{ timeoutMs, /],
    ['a database URL as ledger', { ledger: `postgres://shop:${SEED}@db/shop` }, /^`ledger` is a string\. Use \{ url/],
    ['a seed as wallets', { wallets: SEED }, /^`wallets` is a string\. Use a list/],
    ['a seed as wallet', { wallets: [SEED] }, /^`wallets\[0\]` is a string\. Use \{ signer/],
  ])('%s is explained without a secret', async (_title, given, complaint) => {
    expect(await forRoot(given)).toEqual([expect.stringMatching(complaint)]);
  });
});
