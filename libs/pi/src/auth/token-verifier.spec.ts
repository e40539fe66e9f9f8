import { Logger } from '@nestjs/common';
import type { INestApplicationContext } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { PiUnavailableError } from 'nestjs-pi';
import type { PiAuthOptions, PiAuthService, PiModuleOptions } from 'nestjs-pi';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../../../test/support/eventually.js';
import { outcomeOf as outcome, startSignIn } from '../../../../test/support/sign-in.js';
import { StagedMe } from '../../../../test/support/staged-me.js';

const { accept, refuse } = StagedMe;
let pi: StagedMe;
let app: INestApplicationContext;
let auth: PiAuthService;

async function start(options: PiAuthOptions = {}, rest: Partial<PiModuleOptions> = {}): Promise<void> {
  ({ app, auth } = await startSignIn(pi, options, rest));
}

beforeEach(async () => {
  pi = await StagedMe.start();
});
afterEach(async () => {
  await app.close();
  await pi.stop();
});

describe('a verified token', () => {
  it('is the Pioneer Pi states, and nothing of the token', async () => {
    await start();
    pi.behaviour = (token) => accept(token, { app_id: 'shop', receiving_email: false });
    const pioneer = await auth.verify('good');
    expect(pioneer).toEqual({
      uid: 'uid-of-good',
      username: 'name-of-good',
      scopes: ['username', 'payments'],
      validUntil: expect.any(Date),
      appId: 'shop',
    });
    expect(Object.isFrozen(pioneer)).toBe(true);
  });

  it('is asked for once while it is cached, then found without a promise', async () => {
    await start();
    expect(auth.peek('good')).toBeUndefined();
    const pioneer = await auth.verify('good');
    expect(auth.peek('good')).toBe(pioneer);
    expect(await auth.verify('good')).toBe(pioneer);
    expect(pi.calls).toEqual(['good']);
  });

  it('is asked for again after cacheMs, whatever the clock does meanwhile', async () => {
    await start({ cacheMs: 30 });
    await auth.verify('good');
    const { now } = Date;
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);
    await sleep(40);
    expect(auth.peek('good')).toBeUndefined();
    clock.mockRestore();
    await eventually(() => auth.peek('good') === undefined);
    await auth.verify('good');
    expect(pi.calls).toHaveLength(2);
  });

  it('is never trusted beyond its valid_until, whatever cacheMs says', async () => {
    await start({ cacheMs: 3_600_000, staleIfErrorMs: 7_200_000 });
    // valid_until is in whole seconds.
    pi.behaviour = (token) => accept(token, { validForMs: 1_999 });
    const { validUntil } = await auth.verify('good');
    await eventually(() => auth.peek('good') === undefined);
    expect(Date.now()).toBeGreaterThanOrEqual(+validUntil);
    pi.behaviour = () => ({ status: 500 });
    expect(await outcome(auth.verify('good'))).toBeInstanceOf(PiUnavailableError);
  });

  it('is bounded in number: the least used goes first', async () => {
    await start({ cacheSize: 2 });
    for (const token of ['a', 'b', 'c']) await auth.verify(token);
    expect(['a', 'b', 'c'].map((token) => auth.peek(token)?.uid)).toEqual([undefined, 'uid-of-b', 'uid-of-c']);
  });

  it('is kept by its hash alone', async () => {
    const keys: unknown[] = [];
    const { set } = LRUCache.prototype;
    const spy = jest.spyOn(LRUCache.prototype, 'set').mockImplementation(function (this: never, ...args: never[]) {
      keys.push(args[0]);
      return (set as (...args: never[]) => never).apply(this, args);
    } as never);
    await start();
    await auth.verify('very_secret_token');
    pi.behaviour = refuse;
    await outcome(auth.verify('another_secret_token'));
    spy.mockRestore();
    expect(keys).toHaveLength(2);
    expect(keys.join(' ')).not.toMatch(/secret/);
  });

  it('is asked for again once forgotten, even when it was being asked for meanwhile', async () => {
    await start();
    await auth.verify('good');
    await auth.forget('good');
    expect(auth.peek('good')).toBeUndefined();
    pi.behaviour = () => 'hold';
    const before = auth.verify('good');
    await eventually(() => pi.calls.length === 2);
    await auth.forget('good');
    const after = auth.verify('good');
    await eventually(() => pi.calls.length === 3);
    pi.behaviour = accept;
    pi.release();
    expect((await before).uid).toBe('uid-of-good');
    expect(await after).toBe(auth.peek('good'));
  });
});

describe('what is told of a token that is forgotten', () => {
  it('reaches every listener, even when one of them fails', async () => {
    const errors = jest.spyOn(Logger.prototype, 'error').mockImplementation();
    await start();
    const told: string[] = [];
    auth.onForget('good', () => {
      throw new Error('of the app');
    });
    auth.onForget('good', () => told.push('good'));
    auth.onForget('other', () => told.push('other'));
    auth.onForget('good', () => told.push('ended'))();
    await auth.forget('good');
    expect(told).toEqual(['good']);
    expect(errors).toHaveBeenCalledWith(new Error('of the app'));
    errors.mockRestore();
  });
});

describe('a refused token', () => {
  beforeEach(() => {
    pi.behaviour = refuse;
  });

  it('is bounded in number like the verified: the least used is asked for again', async () => {
    await start({ cacheSize: 2 });
    for (const token of ['a', 'b', 'c']) await outcome(auth.verify(token));
    pi.calls.length = 0;
    for (const token of ['c', 'b', 'a']) await outcome(auth.verify(token));
    expect(pi.calls).toEqual(['a']);
  });

  it('is asked for again once forgotten', async () => {
    await start();
    await outcome(auth.verify('bad'));
    await auth.forget('bad');
    pi.behaviour = accept;
    expect((await auth.verify('bad')).uid).toBe('uid-of-bad');
  });

  it('is not remembered when it was forgotten while Pi was asked', async () => {
    await start();
    pi.behaviour = () => 'hold';
    const before = outcome(auth.verify('bad'));
    await eventually(() => pi.open === 1);
    await auth.forget('bad');
    pi.behaviour = refuse;
    pi.release();
    expect(await before).toMatchObject({ code: 'PI_TOKEN_REFUSED' });
    pi.behaviour = accept;
    expect((await auth.verify('bad')).uid).toBe('uid-of-bad');
  });

  it('is not asked for again for a while', async () => {
    await start({ negativeCacheMs: 50 });
    expect(await outcome(auth.verify('bad'))).toMatchObject({ reason: 'refused' });
    expect(await outcome(auth.verify('bad'))).toMatchObject({ reason: 'refused' });
    expect(pi.calls).toHaveLength(1);
    pi.behaviour = accept;
    await sleep(60);
    expect((await auth.verify('bad')).uid).toBe('uid-of-bad');
  });

  it('pushes no good token out, however many there are', async () => {
    pi.behaviour = (token) => (token === 'good' ? accept(token) : refuse());
    await start({ cacheSize: 5 });
    await auth.verify('good');
    await Promise.all(Array.from({ length: 50 }, (_, i) => outcome(auth.verify(`bad${i}`))));
    expect(auth.peek('good')?.uid).toBe('uid-of-good');
  });

  it.each<[string, string]>([
    ['empty', ''],
    ['of white space', 'a b'],
    ['with a line break', 'a\nb'],
    ['with a quote', 'a"b'],
    ['two of them', 'a,b'],
    ['not ASCII', 'tökén'],
    ['far too long', 'x'.repeat(4_097)],
  ])('is not even asked for when it is %s', async (_title, token) => {
    await start();
    expect(await outcome(auth.verify(token))).toMatchObject({ reason: 'malformed' });
    expect(pi.calls).toEqual([]);
  });

  it('is not looked at when it is far too long: a client may send its token with every one of its messages', async () => {
    await start();
    const endless = 'x'.repeat(2 ** 28);
    const startedAt = performance.now();
    expect(auth.peek(endless)).toBeUndefined();
    expect(await outcome(auth.verify(endless))).toMatchObject({ reason: 'malformed' });
    auth.onForget(endless, () => undefined)();
    expect(performance.now() - startedAt).toBeLessThan(100);
  });

  it('stands when it is accepted by Pi but has expired', async () => {
    pi.behaviour = (token) => accept(token, { validForMs: -5_000 });
    await start();
    expect(await outcome(auth.verify('old'))).toMatchObject({ reason: 'expired' });
  });

  it.each<[string, string | undefined, string | undefined, unknown]>([
    ['the same', 'shop', 'shop', 'accepted'],
    ['another', 'shop', 'casino', expect.objectContaining({ reason: 'foreign_app' })],
    ['not told by Pi', 'shop', undefined, 'accepted'],
    ['not configured', undefined, 'casino', 'accepted'],
  ])('app id: %s', async (_title, configured, told, expected) => {
    pi.behaviour = (token) => accept(token, told === undefined ? {} : { app_id: told });
    await start({}, configured === undefined ? {} : { appId: configured });
    expect(await outcome(auth.verify('t'))).toEqual(expected);
    expect(auth.peek('t') === undefined).toBe(expected !== 'accepted');
  });
});

describe('one check for all who wait', () => {
  beforeEach(() => {
    pi.behaviour = () => 'hold';
  });

  it('asks Pi once for 1,000 requests with one cold token', async () => {
    await start();
    const all = Array.from({ length: 1_000 }, () => auth.verify('cold'));
    await eventually(() => pi.calls.length > 0);
    pi.behaviour = accept;
    pi.release();
    const pioneers = await Promise.all(all);
    expect(new Set(pioneers).size).toBe(1);
    expect(pi.calls).toEqual(['cold']);
  });

  it('goes on for the others when one gives up', async () => {
    await start();
    const impatient = new AbortController();
    const one = outcome(auth.verify('cold', { signal: impatient.signal }));
    const other = auth.verify('cold', { signal: new AbortController().signal });
    await eventually(() => pi.calls.length === 1);
    impatient.abort(new Error('gone'));
    expect(await one).toEqual(new Error('gone'));
    pi.behaviour = accept;
    pi.release();
    expect((await other).uid).toBe('uid-of-cold');
    expect(pi.calls).toHaveLength(1);
  });

  it('goes on when all have given up, and the next one joins it', async () => {
    await start();
    const gone = new AbortController();
    const all = [1, 2, 3].map(() => outcome(auth.verify('cold', { signal: gone.signal })));
    await eventually(() => pi.open === 1);
    gone.abort();
    await Promise.all(all);
    const next = auth.verify('cold');
    pi.behaviour = accept;
    pi.release();
    expect((await next).uid).toBe('uid-of-cold');
    expect(auth.peek('cold')?.uid).toBe('uid-of-cold');
    expect(pi).toMatchObject({ calls: ['cold'], aborted: 0 });
  });

  it('is given up when all have given up before its turn has come, and begun anew by the next', async () => {
    await start({ concurrentChecks: 1 });
    const first = auth.verify('first');
    await eventually(() => pi.open === 1);
    const gone = new AbortController();
    const all = [1, 2, 3].map(() => outcome(auth.verify('cold', { signal: gone.signal })));
    gone.abort();
    await Promise.all(all);
    pi.behaviour = accept;
    pi.release();
    await first;
    expect(pi.calls).toEqual(['first']);
    expect((await auth.verify('cold')).uid).toBe('uid-of-cold');
  });

  it('fails for all alike, and is not remembered', async () => {
    await start();
    const all = Promise.all([1, 2, 3].map(() => outcome(auth.verify('cold'))));
    await eventually(() => pi.calls.length === 1);
    pi.behaviour = () => ({ status: 500 });
    pi.release();
    for (const error of await all) expect(error).toBeInstanceOf(PiUnavailableError);
    pi.behaviour = accept;
    expect((await auth.verify('cold')).uid).toBe('uid-of-cold');
  });
});
