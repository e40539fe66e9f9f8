import KeyvRedis from '@keyv/redis';
import { Logger } from '@nestjs/common';
import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Keyv } from 'keyv';
import { PiAuthService, PiModule, PiTokenRefusedError, PiUnavailableError } from 'nestjs-pi';
import type { PiAuthOptions, PiModuleOptions, PiTokenStore } from 'nestjs-pi';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../../../test/support/eventually.js';
import { describeWithRedis, startRedis } from '../../../../test/support/redis.js';
import { StagedMe } from '../../../../test/support/staged-me.js';

const { accept, refuse } = StagedMe;
let pi: StagedMe;
let warnings: jest.SpyInstance;
const open: (INestApplicationContext | Keyv)[] = [];

const isRefusal = (error: unknown): boolean => error instanceof PiTokenRefusedError;

/** One instance of the app. */
async function instance(store: PiTokenStore, auth: PiAuthOptions = {}, options: Partial<PiModuleOptions> = {}) {
  const module = PiModule.forRoot({
    apiKey: 'key',
    network: 'testnet',
    appId: 'shop',
    platformUrl: pi.platformUrl,
    http: { retries: 0 },
    auth: { store, ...auth },
    ...options,
  });
  const app = await (await Test.createTestingModule({ imports: [module] }).compile()).init();
  open.push(app);
  return app.get(PiAuthService);
}

beforeEach(async () => {
  pi = await StagedMe.start();
  warnings = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
});
afterEach(async () => {
  for (const it of open.splice(0)) await ('close' in it ? it.close() : it.disconnect());
  await pi.stop();
  jest.restoreAllMocks();
});

describeWithRedis('two instances with one Redis', () => {
  let redis: Awaited<ReturnType<typeof startRedis>>;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  beforeEach(async () => {
    const client = new KeyvRedis(redis.url);
    await (await client.getClient()).flushAll();
    await client.disconnect();
  });

  const keyv = () => {
    const store = new Keyv(new KeyvRedis(redis.url), { namespace: 'test' });
    open.push(store);
    return store;
  };

  it('a token verified by one is not asked again by the other', async () => {
    const [one, other] = [await instance(keyv()), await instance(keyv())];
    const pioneer = await one.verify('shared');
    expect(await other.verify('shared')).toEqual(pioneer);
    expect(other.peek('shared')).toEqual(pioneer);
    expect(pi.calls).toEqual(['shared']);
  });

  it('what one forgets, the other asks Pi for within a second', async () => {
    const [one, other] = [await instance(keyv()), await instance(keyv())];
    await one.verify('forgotten');
    await other.verify('forgotten');
    await one.forget('forgotten');
    pi.behaviour = refuse;
    const forgottenAt = Date.now();
    const refusal = await eventually(() =>
      other.verify('forgotten').then(
        () => undefined,
        (error) => error as Error,
      ),
    );
    expect(refusal).toBeInstanceOf(PiTokenRefusedError);
    expect(Date.now() - forgottenAt).toBeLessThan(1_500);
  });

  it('a token lives there no longer than it may be used', async () => {
    const auth = await instance(keyv(), { cacheMs: 60 });
    await auth.verify('short');
    expect(await keysOf(redis.url)).toHaveLength(1);
    await eventually(async () => (await keysOf(redis.url)).length === 0);
  });

  it('no token lies there, in no key and no value', async () => {
    const auth = await instance(keyv());
    await auth.verify('very_secret_token');
    const client = new KeyvRedis(redis.url);
    const raw = await (await client.getClient()).keys('*');
    const values = await Promise.all(raw.map((key) => client.get(key)));
    await client.disconnect();
    expect(raw.length).toBeGreaterThan(0);
    expect(JSON.stringify([raw, values]).replaceAll('-of-very_secret_token', '')).not.toContain('very_secret_token');
  });

  it('Redis going away and coming back is nobody else’s trouble', async () => {
    const own = await startRedis();
    const store = new Keyv(new KeyvRedis(own.url));
    open.push(store);
    const auth = await instance(store);
    const pioneer = await auth.verify('good');
    await own.stop();
    await eventually(() => auth.peek('good') === undefined);
    expect(await auth.verify('good')).toEqual(pioneer);
    expect((await auth.verify('new')).uid).toBe('uid-of-new');
    expect(pi.calls).toEqual(['good', 'new']);
    expect(warnings).toHaveBeenCalledWith(expect.stringMatching(/shared token store does not answer/));
    const again = await startRedis(own.port);
    await eventually(async () => {
      await auth.forget('late');
      await auth.verify('late');
      return (await keysOf(again.url)).length > 0;
    });
    await again.stop();
  });

  async function keysOf(url: string): Promise<string[]> {
    const client = new KeyvRedis(url);
    const keys = (await (await client.getClient()).keys('*')) as string[];
    await client.disconnect();
    return keys;
  }
});

describe('a shared store', () => {
  class MapStore implements PiTokenStore {
    readonly map = new Map<string, unknown>();
    gets = 0;
    get = async (key: string): Promise<unknown> => {
      this.gets += 1;
      return this.map.get(key);
    };
    set = async (key: string, value: unknown): Promise<unknown> => this.map.set(key, value);
    delete = async (key: string): Promise<unknown> => this.map.delete(key);
  }
  const broken = (failure: () => Promise<never>): PiTokenStore => ({ get: failure, set: failure, delete: failure });

  it('is asked at most once a second for a token, not for each request', async () => {
    const store = new MapStore();
    const auth = await instance(store);
    await auth.verify('good');
    for (let i = 0; i < 50; i += 1) await auth.verify('good');
    expect(store.gets).toBe(1);
  });

  it.each<[string, () => Promise<never>]>([
    ['fails', () => Promise.reject(new Error('store is down'))],
    ['hangs', () => new Promise<never>(() => undefined)],
  ])('that %s leaves the door as it is: the good are let in, the refused are not', async (_title, failure) => {
    const auth = await instance(broken(failure));
    pi.behaviour = (token) => (token === 'good' ? accept(token) : refuse());
    expect((await auth.verify('good')).uid).toBe('uid-of-good');
    await expect(auth.verify('bad')).rejects.toBeInstanceOf(PiTokenRefusedError);
    await eventually(() => auth.peek('good') === undefined);
    expect((await auth.verify('good')).uid).toBe('uid-of-good');
    expect(pi.callsFor('good')).toBe(1);
    expect(warnings).toHaveBeenCalledWith(expect.stringMatching(/shared token store does not answer/));
  });

  it('a Keyv that swallows its failures is noticed all the same', async () => {
    const swallowing = new Keyv();
    swallowing.get = (async () => {
      swallowing.emit('error', new Error('connection lost'));
      return undefined;
    }) as never;
    const auth = await instance(swallowing);
    await auth.verify('good');
    expect(warnings).toHaveBeenCalledWith(expect.stringMatching(/connection lost/));
  });

  it('sees no invented token: a flood does not fill it', async () => {
    const store = new MapStore();
    const removed = jest.spyOn(store, 'delete');
    const auth = await instance(store);
    pi.behaviour = refuse;
    await Promise.allSettled(Array.from({ length: 100 }, (_, i) => auth.verify(`invented${i}`)));
    expect(store.map.size).toBe(0);
    expect(removed).not.toHaveBeenCalled();
  });

  it('loses a token that Pi refuses later', async () => {
    const store = new MapStore();
    const auth = await instance(store, { cacheMs: 20, staleIfErrorMs: 60_000 });
    await auth.verify('revoked');
    expect(store.map.size).toBe(1);
    await eventually(() => auth.peek('revoked') === undefined);
    pi.behaviour = refuse;
    await expect(auth.verify('revoked')).rejects.toBeInstanceOf(PiTokenRefusedError);
    expect(store.map.size).toBe(0);
  });

  it('lets an instance honour, while Pi is down, what another verified', async () => {
    const store = new MapStore();
    const one = await instance(store, { cacheMs: 20, staleIfErrorMs: 60_000 });
    const other = await instance(store, { cacheMs: 20, staleIfErrorMs: 60_000 });
    const pioneer = await one.verify('good');
    pi.behaviour = () => ({ status: 500 });
    await eventually(() => one.peek('good') === undefined);
    expect(await other.verify('good')).toEqual(pioneer);
  });

  it('does not honour, while Pi is down, what another instance forgot', async () => {
    const store = new MapStore();
    const one = await instance(store, { cacheMs: 20, staleIfErrorMs: 60_000 });
    const other = await instance(store, { cacheMs: 20, staleIfErrorMs: 60_000 });
    await one.verify('good');
    await other.verify('good');
    await one.forget('good');
    pi.behaviour = () => ({ status: 500 });
    await eventually(() => other.peek('good') === undefined);
    await expect(other.verify('good')).rejects.toBeInstanceOf(PiUnavailableError);
  });

  it.each<[string, unknown]>([
    ['garbage', 'garbage'],
    ['another shape', { uid: 7 }],
    ['a value without an end', { uid: 'x', scopes: [], checkedAt: Date.now() }],
    ['an end that is no date', { uid: 'x', scopes: [], checkedAt: Date.now(), validUntil: 1e300 }],
    ['a value that has ended', { uid: 'x', scopes: [], checkedAt: Date.now(), validUntil: Date.now() - 1 }],
    ['scopes that are none', { uid: 'x', scopes: [1], checkedAt: Date.now(), validUntil: Date.now() + 1e6 }],
  ])('that holds %s is taken for one that holds nothing', async (_title, value) => {
    const store = new MapStore();
    store.get = async () => value;
    const auth = await instance(store);
    expect((await auth.verify('good')).uid).toBe('uid-of-good');
    expect(pi.calls).toEqual(['good']);
  });

  it('is not believed about tokens of another app, or of another Platform API', async () => {
    const store = new MapStore();
    pi.behaviour = (token) => accept(token, { app_id: 'casino' });
    const casino = await instance(store, {}, { appId: 'casino' });
    const shop = await instance(store, {}, { appId: 'shop' });
    await casino.verify('t');
    await expect(shop.verify('t')).rejects.toMatchObject({ reason: 'foreign_app' });
    const elsewhere = await StagedMe.start();
    const other = await instance(store, {}, { appId: 'casino', platformUrl: elsewhere.platformUrl });
    await other.verify('t');
    expect(elsewhere.calls).toEqual(['t']);
    await elsewhere.stop();
  });

  it('does not bring back what was forgotten while it was down', async () => {
    const store = new MapStore();
    const [one, other] = [await instance(store), await instance(store)];
    await one.verify('good');
    await other.verify('good');
    const { delete: remove } = store;
    store.delete = () => Promise.reject(new Error('store is down'));
    await one.forget('good');
    expect(store.map.size).toBe(1);
    pi.behaviour = refuse;
    const refusedBy = async (auth: PiAuthService) =>
      (await auth.verify('good').catch((error: unknown) => error)) instanceof PiTokenRefusedError;
    await eventually(() => refusedBy(one));
    store.delete = remove;
    await eventually(() => store.map.size === 0);
    await eventually(() => refusedBy(other));
    expect(pi.callsFor('good')).toBeGreaterThan(1);
  });

  it('does not keep a token that is forgotten while it is being written', async () => {
    const store = new MapStore();
    const auth = await instance(store);
    const { set } = store;
    let write: (() => void) | undefined;
    store.set = (key, value) => new Promise((written) => (write = () => written(set(key, value))));
    const verified = auth.verify('good');
    await eventually(() => write !== undefined);
    await auth.forget('good');
    write!();
    await verified;
    expect(store.map.size).toBe(0);
  });

  it('that takes no values leaves each instance to its own cache: Pi is not asked more often', async () => {
    const store = new MapStore();
    store.set = () => Promise.reject(new Error('READONLY'));
    const auth = await instance(store);
    await auth.verify('good');
    // Rests for a second after the failure, and is asked again then.
    await eventually(async () => (await auth.verify('good')) && store.gets > 2);
    expect(pi.calls).toEqual(['good']);
    // Two failures, one warning: an outage of an hour is not to fill the log.
    expect(warnings.mock.calls.filter(([text]) => /shared token store/.test(String(text)))).toHaveLength(1);
  });

  it('that failed to take one value still tells what another instance forgot', async () => {
    const store = new MapStore();
    const [one, other] = [await instance(store), await instance(store)];
    await one.verify('good');
    await other.verify('good');
    const { set } = store;
    store.set = () => Promise.reject(new Error('out of memory'));
    await other.verify('another');
    store.set = set;
    await one.forget('good');
    pi.behaviour = refuse;
    await eventually(() => other.verify('good').then(() => false, isRefusal));
    expect(pi.callsFor('good')).toBe(2);
  });

  it('that takes values again holds those it could not take', async () => {
    const store = new MapStore();
    const [one, other] = [await instance(store), await instance(store)];
    const { set } = store;
    store.set = () => Promise.reject(new Error('out of memory'));
    await one.verify('good');
    store.set = set;
    // Nobody else writes: it is found out by trying.
    await eventually(async () => (await one.verify('good')) && store.map.size > 1);
    await other.verify('good');
    expect(pi.callsFor('good')).toBe(2);
    await other.forget('good');
    pi.behaviour = refuse;
    await eventually(() => one.verify('good').then(() => false, isRefusal));
  });

  it('that took no value closes no door while Pi is down', async () => {
    const store = new MapStore();
    const auth = await instance(store);
    const { set } = store;
    store.set = () => Promise.reject(new Error('out of memory'));
    await auth.verify('good');
    store.set = set;
    pi.behaviour = () => ({ status: 500 });
    await eventually(async () => (await auth.verify('good')) && pi.callsFor('good') > 1);
    expect((await auth.verify('good')).uid).toBe('uid-of-good');
  });

  it('that hangs collects no more calls than it may have under way', async () => {
    let asked = 0;
    const auth = await instance(
      broken(() => {
        asked += 1;
        return new Promise<never>(() => undefined);
      }),
      { queuedChecks: 5_000 },
    );
    for (const round of ['one', 'two', 'three']) {
      await Promise.all(Array.from({ length: 700 }, (_, i) => auth.verify(`${round}${i}`)));
      await Promise.all(Array.from({ length: 700 }, (_, i) => auth.forget(`${round}${i}`)));
      await sleep(1_100);
    }
    expect(asked).toBeLessThanOrEqual(1_000);
  });

  it('that throws at once is a store that fails', async () => {
    const auth = await instance(
      broken(() => {
        throw new Error('not connected');
      }),
    );
    expect((await auth.verify('good')).uid).toBe('uid-of-good');
    await auth.forget('good');
    expect(warnings).toHaveBeenCalledWith(expect.stringMatching(/not connected/));
  });

  it('filled by an instance whose clock is ahead makes no token live longer', async () => {
    const store = new MapStore();
    const one = await instance(store, { cacheMs: 50, staleIfErrorMs: 60_000 });
    const other = await instance(store, { cacheMs: 50 });
    await one.verify('good');
    for (const [key, value] of store.map)
      store.map.set(key, { ...(value as object), checkedAt: Date.now() + 3_600_000 });
    await other.verify('good');
    expect(pi.callsFor('good')).toBe(1);
    store.get = () => Promise.reject(new Error('store is down'));
    await eventually(() => other.peek('good') === undefined);
    await other.verify('good');
    expect(pi.callsFor('good')).toBe(2);
  });
});
