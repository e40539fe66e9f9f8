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
import { outcomeOf, startSignIn } from '../../../../test/support/sign-in.js';
import { StagedMe } from '../../../../test/support/staged-me.js';

const { accept, refuse } = StagedMe;
let pi: StagedMe;
let warnings: jest.SpyInstance;
const open: (INestApplicationContext | KeyvRedis<unknown>)[] = [];

const refusedBy = async (auth: PiAuthService, token: string): Promise<boolean> =>
  (await outcomeOf(auth.verify(token))) instanceof PiTokenRefusedError;

/** One instance of the app. */
async function instance(
  store: PiTokenStore,
  auth: PiAuthOptions = {},
  options: Partial<PiModuleOptions> & { name?: string } = {},
) {
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
  for (const it of open.splice(0).toReversed()) await ('close' in it ? it.close() : it.disconnect(true));
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

  const keyv = (url = redis.url) => {
    const store = new KeyvRedis(url);
    open.push(store);
    return new Keyv(store, { namespace: 'test' });
  };

  it('a token verified by one is not asked again by the other', async () => {
    const [one, other] = [await instance(keyv()), await instance(keyv())];
    const pioneer = await one.verify('shared');
    expect(await other.verify('shared')).toEqual(pioneer);
    expect(other.peek('shared')).toEqual(pioneer);
    expect(pi.calls).toEqual(['shared']);
  });

  it('a bare adapter of Keyv is as good, with no Keyv around it', async () => {
    const adapter = () => {
      const store = new KeyvRedis(redis.url);
      open.push(store);
      return store as unknown as PiTokenStore;
    };
    const [one, other] = [await instance(adapter()), await instance(adapter())];
    const pioneer = await one.verify('shared');
    expect(await other.verify('shared')).toEqual(pioneer);
    await one.forget('shared');
    pi.behaviour = refuse;
    await eventually(() => refusedBy(other, 'shared'));
    expect(pi.calls).toEqual(['shared', 'shared']);
    expect(warnings).not.toHaveBeenCalled();
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

  it('who watches a token hears within a second that another instance has forgotten it', async () => {
    const [one, other] = [await instance(keyv()), await instance(keyv())];
    const heard: string[] = [];
    for (const token of ['forgotten', 'kept']) {
      await one.verify(token);
      await other.verify(token);
      other.onForget(token, (where) => heard.push(`${token} ${where}`));
    }
    await one.forget('forgotten');
    await eventually(() => heard.length > 0, { withinMs: 1_500 });
    // Told once: it is as if it had never been verified here.
    await sleep(1_000);
    expect(heard).toEqual(['forgotten elsewhere']);
    expect(other.peek('forgotten')).toBeUndefined();
  });

  it('a token lives there no longer than it may be used', async () => {
    const auth = await instance(keyv(), { cacheMs: 60 });
    await auth.verify('short');
    expect(await keysOf(redis.url)).toHaveLength(1);
    await eventually(async () => (await keysOf(redis.url)).length === 0);
  });

  it('an answer that came while this process was busy is not late', async () => {
    const store = keyv();
    const pioneer = await (await instance(store)).verify('good');
    const auth = await instance(store);
    const verified = auth.verify('good');
    // Its client writes at the end of the first turn.
    for (let turn = 0; turn < 2; turn += 1) await new Promise(setImmediate);
    const until = performance.now() + 700;
    while (performance.now() < until);
    expect(await verified).toEqual(pioneer);
    expect(pi.callsFor('good')).toBe(1);
    expect(warnings).not.toHaveBeenCalled();
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
    const auth = await instance(keyv(own.url));
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
  /** What a watcher of 'watched' on an instance with this store hears. */
  async function watch(store: PiTokenStore): Promise<{ auth: PiAuthService; heard: string[]; unwatch: () => void }> {
    const auth = await instance(store);
    await auth.verify('watched');
    const heard: string[] = [];
    return { auth, heard, unwatch: auth.onForget('watched', (where) => heard.push(where)) };
  }

  it('is looked into for all watched tokens at once, every second, and left alone when nothing is watched', async () => {
    const store = new MapStore();
    const calls: number[] = [];
    const getMany = async (keys: string[]) => {
      calls.push(keys.length);
      return keys.map((key) => store.map.get(key));
    };
    const { auth, heard, unwatch } = await watch(Object.assign(store, { getMany }));
    const others = Array.from({ length: 500 }, (_, n) => auth.onForget(`other-${n}`, () => undefined));
    await eventually(() => calls.length === 2);
    expect(calls).toEqual([500, 1]);
    await (await instance(store)).forget('watched');
    await eventually(() => heard.length > 0);
    expect(heard).toEqual(['elsewhere']);
    for (const end of [unwatch, ...others]) end();
    await sleep(1_000);
    const { length } = calls;
    await sleep(1_000);
    expect(calls).toHaveLength(length);
  });

  it('without getMany is asked for each watched token', async () => {
    const store = new MapStore();
    const { heard } = await watch(store);
    await (await instance(store)).forget('watched');
    await eventually(() => heard.length > 0);
    expect(heard).toEqual(['elsewhere']);
  });

  it.each([
    ['fails', () => Promise.reject(new Error('away'))],
    ['answers with no list', async () => null as unknown as unknown[]],
  ])('that %s tells the watchers nothing, until it is back', async (_, failure) => {
    const store = new MapStore();
    let away = true;
    const getMany = (keys: string[]): Promise<readonly unknown[]> =>
      away ? failure() : Promise.all(keys.map((key) => store.map.get(key)));
    const { heard } = await watch(Object.assign(store, { getMany }));
    await (await instance(store)).forget('watched');
    await sleep(1_200);
    expect(heard).toEqual([]);
    away = false;
    await eventually(() => heard.length > 0);
    expect(heard).toEqual(['elsewhere']);
  });

  it('answering late is not believed of a token that was verified anew meanwhile', async () => {
    const store = new MapStore();
    let answer: (() => void) | undefined;
    const getMany = async (keys: string[]) => {
      const found = keys.map((key) => store.map.get(key));
      await new Promise<void>((resolve) => (answer = resolve));
      return found;
    };
    const { auth, heard } = await watch(Object.assign(store, { getMany }));
    const other = await instance(store);
    await other.forget('watched');
    await eventually(() => answer);
    // The look has seen the first mark. Meanwhile comes another, and the token is good again.
    await auth.forget('watched');
    await auth.verify('watched');
    heard.length = 0;
    answer?.();
    await sleep(50);
    expect(heard).toEqual([]);
    expect(auth.peek('watched')).toBeDefined();
    answer?.();
  });

  const broken = (failure: () => Promise<never>): PiTokenStore => ({ get: failure, set: failure, delete: failure });

  it('is asked at most once a second for a token, not for each request', async () => {
    const store = new MapStore();
    const auth = await instance(store);
    await auth.verify('good');
    const asked = store.gets;
    for (let i = 0; i < 50; i += 1) await auth.verify('good');
    expect(store.gets).toBe(asked);
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

  it('tells the others of a token that Pi refuses later', async () => {
    const store = new MapStore();
    const [one, other] = [await instance(store, { cacheMs: 20 }), await instance(store)];
    await one.verify('revoked');
    await other.verify('revoked');
    await eventually(() => one.peek('revoked') === undefined);
    pi.behaviour = refuse;
    await expect(one.verify('revoked')).rejects.toBeInstanceOf(PiTokenRefusedError);
    await eventually(() => refusedBy(other, 'revoked'));
    expect(JSON.stringify([...store.map.values()])).not.toContain('uid-of-revoked');
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
    const { set } = store;
    store.set = () => Promise.reject(new Error('store is down'));
    await one.forget('good');
    pi.behaviour = refuse;
    expect(await refusedBy(one, 'good')).toBe(true);
    store.set = set;
    await eventually(() => refusedBy(other, 'good'));
  });

  it('is asked about tokens that are known here, whatever invented ones keep it busy', async () => {
    const store = new MapStore();
    const one = await instance(store);
    const other = await instance(store, { concurrentChecks: 4, queuedChecks: 10 });
    await one.verify('good');
    await other.verify('good');
    await one.forget('good');
    await eventually(() => other.peek('good') === undefined);
    pi.behaviour = refuse;
    const mark = [...store.map.keys()].find((key) => key.endsWith(':forgotten'));
    const { get } = store;
    // It hangs for all but what belongs to the good one.
    store.get = async (key) => (mark?.startsWith(key) ? get(key) : new Promise(() => {}));
    const flood = Array.from({ length: 600 }, (_, i) => outcomeOf(other.verify(`invented${i}`)));
    expect(await outcomeOf(other.verify('good'))).toBeInstanceOf(PiTokenRefusedError);
    await Promise.all(flood);
  });

  it('is shared by Pi apps without mixing them up', async () => {
    const store = new MapStore();
    const here = await instance(store, {}, { name: 'here' });
    const there = await instance(store, {}, { name: 'there' });
    await here.forApp('here').verify('t');
    await there.forApp('there').verify('t');
    expect(pi.callsFor('t')).toBe(2);
  });

  it('lets a token that another instance has verified go before strangers, when it has to be asked for again', async () => {
    const store = new MapStore();
    const auth: PiAuthOptions = { cacheMs: 50, staleIfErrorMs: 60_000, concurrentChecks: 1 };
    await (await instance(store, auth)).verify('good');
    const other = await instance(store, auth);
    await sleep(60);
    pi.behaviour = () => 'hold';
    const before = pi.calls.length;
    const invented = Array.from({ length: 3 }, (_, i) => outcomeOf(other.verify(`invented${i}`)));
    await eventually(() => pi.open === 1);
    const good = other.verify('good');
    await sleep(50);
    pi.behaviour = accept;
    pi.release();
    await Promise.all([good, ...invented]);
    expect(pi.calls.slice(before)).toEqual(['invented0', 'good', 'invented1', 'invented2']);
  });

  it('is told of a forget after it was down for longer than anything is kept', async () => {
    const store = new MapStore();
    const [one, other] = [await instance(store, { cacheMs: 100 }), await instance(store, { cacheMs: 100 })];
    await other.verify('good');
    const heard: string[] = [];
    other.onForget('good', (where) => heard.push(where));
    const { set } = store;
    store.set = () => Promise.reject(new Error('store is down'));
    await one.forget('good');
    await sleep(200);
    store.set = set;
    expect(await eventually(() => heard.length > 0 && heard)).toEqual(['elsewhere']);
  });

  it('is owed no more than 10,000 forgets', async () => {
    const store = new MapStore();
    const auth = await instance(store);
    const { set } = store;
    store.set = () => Promise.reject(new Error('store is down'));
    for (let i = 0; i <= 10_000; i += 1) void auth.forget(`t${i}`);
    await sleep(0);
    store.set = set;
    await eventually(() => store.map.size >= 10_000);
    await sleep(50);
    expect(store.map.size).toBe(10_000);
  });

  it('is not used any more once others shut down, as they may close it', async () => {
    const store = new MapStore();
    const { set } = store;
    const used: jest.SpyInstance[] = [];
    let verified: Promise<unknown> | undefined;
    const owner = {
      async onApplicationShutdown() {
        store.set = set;
        used.push(jest.spyOn(store, 'get'), jest.spyOn(store, 'set'), jest.spyOn(store, 'delete'));
        pi.behaviour = (token) => accept(token);
        pi.release();
        await Promise.all([verified, sleep(1_100)]);
      },
    };
    const { app, auth } = await startSignIn(pi, { store }, {}, [{ provide: 'owner', useValue: owner }]);
    await auth.verify('watched');
    auth.onForget('watched', () => undefined);
    pi.behaviour = () => 'hold';
    verified = outcomeOf(auth.verify('new'));
    await eventually(() => pi.open === 1);
    store.set = () => Promise.reject(new Error('store is down'));
    await auth.forget('good');
    await app.close();
    expect(used).toHaveLength(3);
    expect(await verified).toBe('accepted');
    await auth.forget('good');
    for (const call of used) expect(call).not.toHaveBeenCalled();
  });

  it('has nobody listening to it once the app is closed', async () => {
    const store = new Keyv();
    const before = store.listeners('error').length;
    const { app } = await startSignIn(pi, { store });
    expect(store.listeners('error').length).toBe(before + 1);
    await app.close();
    expect(store.listeners('error').length).toBe(before);
  });

  it('that gives back something else than it was given is told of in the log', async () => {
    const store = new MapStore();
    const { get } = store;
    store.get = async (key) => (store.map.has(key) ? JSON.stringify(await get(key)) : undefined);
    const auth = await instance(store);
    await auth.verify('good');
    await eventually(() => auth.peek('good') === undefined);
    expect((await auth.verify('good')).uid).toBe('uid-of-good');
    expect(warnings).toHaveBeenCalledWith(expect.stringMatching(/holds a string that was not written by nestjs-pi/));
  });

  it('is told at the shutdown of an instance what it could not be told before', async () => {
    const store = new MapStore();
    const { app, auth } = await startSignIn(pi, { store });
    const other = await instance(store);
    await auth.verify('good');
    await other.verify('good');
    const { set } = store;
    store.set = () => Promise.reject(new Error('store is down'));
    await auth.forget('good');
    store.set = set;
    await app.close();
    pi.behaviour = refuse;
    expect(await eventually(() => refusedBy(other, 'good'))).toBe(true);
  });

  describe.each<[string, 'get' | 'set']>([
    ['written', 'set'],
    ['read', 'get'],
  ])('holding a token that is being %s', (_title, method) => {
    /** Calls of the store are held until the test lets them go on. */
    const hold = (store: MapStore) => {
      const work = store[method] as (...args: unknown[]) => Promise<unknown>;
      const held: (() => void)[] = [];
      store[method] = (...args: unknown[]) => {
        const answer = method === 'get' ? work(...args) : undefined;
        return new Promise((done) => held.push(() => done(answer ?? work(...args))));
      };
      const go = () => {
        store[method] = work;
        for (const one of held) one();
      };
      return { isHeld: () => held.length > 0, go };
    };

    it('does not keep it when it is forgotten meanwhile, after everybody who waited has left', async () => {
      const store = new MapStore();
      const auth = await instance(store);
      if (method === 'get') {
        await auth.verify('good');
        await eventually(() => auth.peek('good') === undefined);
      }
      const { isHeld, go } = hold(store);
      const gone = new AbortController();
      const left = outcomeOf(auth.verify('good', { signal: gone.signal }));
      await eventually(isHeld);
      gone.abort(new Error('the client has gone'));
      await left;
      const forgotten = auth.forget('good');
      go();
      await forgotten;
      pi.behaviour = refuse;
      expect(await refusedBy(auth, 'good')).toBe(true);
      expect(await refusedBy(await instance(store), 'good')).toBe(true);
    });

    it('does not keep it when another instance forgets it meanwhile', async () => {
      const store = new MapStore();
      const [auth, another] = [await instance(store), await instance(store)];
      if (method === 'get') {
        await auth.verify('good');
        await eventually(() => auth.peek('good') === undefined);
      }
      const { isHeld, go } = hold(store);
      const verified = auth.verify('good');
      await eventually(isHeld);
      const forgotten = another.forget('good');
      go();
      await Promise.all([forgotten, verified]);
      pi.behaviour = refuse;
      await eventually(() => refusedBy(auth, 'good'));
      expect(await refusedBy(another, 'good')).toBe(true);
    });
  });

  it('that takes no values leaves each instance to its own cache: Pi is not asked more often', async () => {
    const store = new MapStore();
    store.set = () => Promise.reject(new Error('READONLY'));
    const auth = await instance(store);
    await auth.verify('good');
    await eventually(() => auth.peek('good') === undefined);
    await auth.verify('good');
    expect(pi.calls).toEqual(['good']);
    await auth.verify('another');
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
    await eventually(() => refusedBy(other, 'good'));
    expect(pi.callsFor('good')).toBe(2);
  });

  it('that could not take a token still tells that another instance forgot it', async () => {
    const store = new MapStore();
    const [one, other] = [await instance(store), await instance(store)];
    const { set } = store;
    store.set = () => Promise.reject(new Error('out of memory'));
    await one.verify('good');
    store.set = set;
    await other.verify('good');
    expect(pi.callsFor('good')).toBe(2);
    await other.forget('good');
    pi.behaviour = refuse;
    await eventually(() => refusedBy(one, 'good'));
  });

  it.each<[string, (store: MapStore) => void]>([
    ['that was restarted, empty', (store) => store.map.clear()],
    ['of which no value can be read back', (store) => store.map.forEach((_, key) => store.map.set(key, { va: 1 }))],
  ])('%s, closes no door and has Pi asked no more often', async (_title, happen) => {
    const store = new MapStore();
    const auth = await instance(store);
    const tokens = Array.from({ length: 30 }, (_, i) => `good${i}`);
    await Promise.all(tokens.map((token) => auth.verify(token)));
    happen(store);
    pi.behaviour = () => ({ status: 500 });
    await eventually(() => tokens.every((token) => auth.peek(token) === undefined));
    const outcomes = await Promise.all(tokens.map((token) => outcomeOf(auth.verify(token))));
    expect(outcomes).toEqual(tokens.map(() => 'accepted'));
    expect(pi.calls).toHaveLength(30);
  });

  it('that fails for one token still tells of the others what was forgotten', async () => {
    const store = new MapStore();
    const [one, other] = [await instance(store), await instance(store)];
    await one.verify('good');
    await other.verify('good');
    await one.forget('good');
    const { get } = store;
    const poisoned = new Set<string>();
    store.get = (key) => (poisoned.has(key) ? Promise.reject(new Error('unreadable')) : get(key));
    await other.verify('poisoned');
    for (const [key, value] of store.map) if (JSON.stringify(value).includes('poisoned')) poisoned.add(key);
    expect(poisoned.size).toBe(1);
    pi.behaviour = (token) => (token === 'good' ? refuse() : accept(token));
    await eventually(async () => {
      await other.verify('poisoned');
      return refusedBy(other, 'good');
    });
  });

  it('does not let a token in again that Pi has refused to this instance', async () => {
    const store = new MapStore();
    const [one, other] = [await instance(store), await instance(store, { negativeCacheMs: 20 })];
    await one.verify('revoked');
    pi.behaviour = refuse;
    const { get } = store;
    store.get = () => Promise.reject(new Error('a moment, please'));
    expect(await refusedBy(other, 'revoked')).toBe(true);
    store.get = get;
    const asked = pi.calls.length;
    await eventually(async () => {
      if (!(await refusedBy(other, 'revoked'))) throw new Error('it was let in');
      return pi.calls.length > asked;
    });
    // And the one that let it in so far is told.
    await eventually(() => refusedBy(one, 'revoked'));
  });

  it('is asked again after failures, even when the clock is set back', async () => {
    const store = new MapStore();
    const auth = await instance(store);
    const { get } = store;
    store.get = () => Promise.reject(new Error('a moment, please'));
    for (const token of ['a', 'b', 'c']) await auth.verify(token);
    store.get = get;
    const { now } = Date;
    const deadline = performance.now() + 10_000;
    jest.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);
    for (let i = 0; store.gets === 0 && performance.now() < deadline; i += 1) {
      await auth.verify(`later${i}`);
      await sleep(50);
    }
    expect(store.gets).toBeGreaterThan(0);
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
    expect(asked).toBeLessThanOrEqual(2_000);
  });

  it('that hangs is tried by one, while the others go on without it', async () => {
    let asked = 0;
    const auth = await instance(
      broken(() => {
        asked += 1;
        return new Promise<never>(() => undefined);
      }),
    );
    const verify = (round: string) => Promise.all(Array.from({ length: 20 }, (_, i) => auth.verify(`${round}${i}`)));
    await verify('failing');
    // Its rest is over: one of the next ones looks whether it is back, by the two calls of a look.
    await sleep(1_100);
    const before = asked;
    await verify('later');
    expect(asked - before).toBeLessThanOrEqual(3);
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
      store.map.set(key, JSON.stringify({ ...JSON.parse(String(value)), checkedAt: Date.now() + 3_600_000 }));
    await other.verify('good');
    expect(pi.callsFor('good')).toBe(1);
    store.get = () => Promise.reject(new Error('store is down'));
    await eventually(() => other.peek('good') === undefined);
    await other.verify('good');
    expect(pi.callsFor('good')).toBe(2);
  });
});
