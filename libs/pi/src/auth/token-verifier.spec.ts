import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { PiAuthService, PiModule, PiTokenRefusedError, PiUnavailableError } from 'nestjs-pi';
import type { PiAuthOptions, PiModuleOptions } from 'nestjs-pi';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../../../test/support/eventually.js';
import { StagedMe } from '../../../../test/support/staged-me.js';

const { accept, refuse } = StagedMe;
let pi: StagedMe;
let app: INestApplicationContext;
let auth: PiAuthService;

async function start(auth_: PiAuthOptions = {}, options: Partial<PiModuleOptions> = {}): Promise<void> {
  const module = PiModule.forRoot({
    apiKey: 'key',
    network: 'testnet',
    platformUrl: pi.platformUrl,
    http: { timeoutMs: 2_000, retries: 0 },
    auth: auth_,
    ...options,
  });
  const testing = await Test.createTestingModule({ imports: [module] }).compile();
  app = await testing.init();
  auth = app.get(PiAuthService);
}

beforeEach(async () => {
  pi = await StagedMe.start();
});
afterEach(async () => {
  await app.close();
  await pi.stop();
});

const outcome = (verification: Promise<unknown>): Promise<unknown> =>
  verification.then(
    () => 'accepted',
    (e) => e,
  );

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

  it('is asked for again after cacheMs', async () => {
    await start({ cacheMs: 30 });
    await auth.verify('good');
    await eventually(() => auth.peek('good') === undefined);
    await auth.verify('good');
    expect(pi.calls).toHaveLength(2);
  });

  it('is never trusted beyond its valid_until, whatever cacheMs says', async () => {
    await start({ cacheMs: 3_600_000, staleIfErrorMs: 3_600_000 });
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

describe('a refused token', () => {
  beforeEach(() => {
    pi.behaviour = refuse;
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

  it('is given up at Pi when all have given up, and begun anew by the next', async () => {
    await start();
    const gone = new AbortController();
    const all = [1, 2, 3].map(() => outcome(auth.verify('cold', { signal: gone.signal })));
    await eventually(() => pi.open === 1);
    gone.abort();
    await Promise.all(all);
    await eventually(() => pi.aborted === 1);
    pi.behaviour = accept;
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

describe('a flood of invented tokens', () => {
  it('makes no more calls at a time than configured, queues no more than configured, and keeps no good token waiting', async () => {
    await start({ concurrentChecks: 4, queuedChecks: 10 });
    await auth.verify('good');
    pi.behaviour = () => 'hold';
    const flood = Array.from({ length: 1_000 }, (_, i) => outcome(auth.verify(`invented${i}`)));
    await eventually(() => pi.open === 4);
    expect(auth.peek('good')?.uid).toBe('uid-of-good');
    expect((await auth.verify('good')).uid).toBe('uid-of-good');
    pi.behaviour = refuse;
    pi.release();
    const outcomes = await Promise.all(flood);
    expect(outcomes.filter((error) => error instanceof PiTokenRefusedError)).toHaveLength(14);
    const busy = outcomes.filter((error) => error instanceof PiUnavailableError);
    expect(busy).toHaveLength(986);
    expect(busy[0]).toMatchObject({ reason: 'busy', headers: { 'Retry-After': '1' } });
    expect(pi.most).toBe(4);
  });

  it('leaves room again when those who waited give up', async () => {
    await start({ concurrentChecks: 1, queuedChecks: 1 });
    pi.behaviour = () => 'hold';
    const first = auth.verify('first');
    await eventually(() => pi.open === 1);
    const gone = new AbortController();
    const queued = outcome(auth.verify('queued', { signal: gone.signal }));
    expect(await outcome(auth.verify('one too many'.replaceAll(' ', '_')))).toMatchObject({ reason: 'busy' });
    gone.abort();
    await queued;
    const next = auth.verify('next');
    pi.behaviour = accept;
    pi.release();
    expect([(await first).uid, (await next).uid]).toEqual(['uid-of-first', 'uid-of-next']);
    expect(pi.calls).toEqual(['first', 'next']);
  });
});

describe('while Pi cannot be asked', () => {
  const down = { status: 500 };

  it.each<[string, object]>([
    ['an error of Pi', { status: 500 }],
    ['an error page', { status: 502, body: '<html>', headers: { 'content-type': 'text/html' } }],
    ['an answer without a user', { status: 200, body: {} }],
    ['an unexpected status', { status: 418 }],
    ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }],
  ])('%s is 503, never a refusal', async (_title, answer) => {
    pi.behaviour = () => answer as never;
    await start();
    const error = await outcome(auth.verify('good'));
    expect(error).toBeInstanceOf(PiUnavailableError);
    expect(error).toMatchObject({ headers: { 'Retry-After': expect.stringMatching(/^\d+$/) } });
  });

  it('is asked no more after five failures in a row, then once in two seconds', async () => {
    pi.behaviour = () => down;
    await start();
    for (let i = 0; i < 20; i += 1) expect(await outcome(auth.verify(`t${i}`))).toBeInstanceOf(PiUnavailableError);
    expect(pi.calls).toHaveLength(5);
    const error = await outcome(auth.verify('another'));
    expect(error).toMatchObject({
      reason: 'circuit_open',
      headers: { 'Retry-After': expect.stringMatching(/^[12]$/) },
    });
    pi.behaviour = accept;
    const pioneer = await eventually(() => auth.verify('another').catch(() => undefined));
    expect(pioneer?.uid).toBe('uid-of-another');
    expect(pi.calls).toHaveLength(6);
  });

  it('is not asked by a crowd while one call tries whether Pi is back', async () => {
    pi.behaviour = () => down;
    await start();
    for (let i = 0; i < 5; i += 1) await outcome(auth.verify(`t${i}`));
    pi.behaviour = () => 'hold';
    await eventually(async () => {
      void outcome(auth.verify('probe'));
      return pi.open === 1;
    });
    const crowd = await Promise.all(Array.from({ length: 100 }, (_, i) => outcome(auth.verify(`c${i}`))));
    expect(new Set(crowd.map((error) => (error as PiUnavailableError).reason))).toEqual(new Set(['circuit_open']));
    expect(pi.open).toBe(1);
    pi.behaviour = accept;
    pi.release();
    await eventually(() => auth.peek('probe') !== undefined);
    expect((await auth.verify('c1')).uid).toBe('uid-of-c1');
  });

  it('a refusal is an answer: any number of them leaves the circuit closed', async () => {
    pi.behaviour = refuse;
    await start();
    for (let i = 0; i < 20; i += 1) await outcome(auth.verify(`bad${i}`));
    expect(pi.calls).toHaveLength(20);
  });

  it('callers who give up are no failures: any number of them leaves the circuit closed', async () => {
    pi.behaviour = () => 'hold';
    await start();
    for (let i = 1; i <= 8; i += 1) {
      const gone = new AbortController();
      const one = outcome(auth.verify(`t${i}`, { signal: gone.signal }));
      await eventually(() => pi.calls.length === i);
      gone.abort();
      await one;
    }
    pi.behaviour = accept;
    expect((await auth.verify('good')).uid).toBe('uid-of-good');
  });

  it('429 silences us at once, for as long as Pi asks', async () => {
    pi.behaviour = () => ({ status: 429, headers: { 'retry-after': '1' } });
    await start();
    const silencedAt = Date.now();
    expect(await outcome(auth.verify('first'))).toMatchObject({ reason: 'rate_limited' });
    expect(await outcome(auth.verify('second'))).toMatchObject({ reason: 'circuit_open' });
    pi.behaviour = accept;
    await eventually(() => auth.verify('second').catch(() => undefined));
    expect(Date.now() - silencedAt).toBeGreaterThan(900);
    expect(pi.calls).toEqual(['first', 'second']);
  });

  it('a token verified within staleIfErrorMs is honoured, without asking for each request', async () => {
    await start({ cacheMs: 20, staleIfErrorMs: 60_000 });
    const pioneer = await auth.verify('good');
    pi.behaviour = () => down;
    await eventually(() => auth.peek('good') === undefined);
    expect(await auth.verify('good')).toBe(pioneer);
    expect(auth.peek('good')).toBe(pioneer);
    expect(await outcome(auth.verify('unknown'))).toBeInstanceOf(PiUnavailableError);
  });

  it('a token verified longer ago than staleIfErrorMs is not', async () => {
    await start({ cacheMs: 10, staleIfErrorMs: 50 });
    await auth.verify('good');
    pi.behaviour = () => down;
    await sleep(60);
    expect(await outcome(auth.verify('good'))).toBeInstanceOf(PiUnavailableError);
  });

  it('a token Pi refuses is not honoured any more, even if Pi fails afterwards', async () => {
    await start({ cacheMs: 10, staleIfErrorMs: 60_000, negativeCacheMs: 0 });
    await auth.verify('revoked');
    pi.behaviour = refuse;
    await eventually(() => auth.peek('revoked') === undefined);
    expect(await outcome(auth.verify('revoked'))).toBeInstanceOf(PiTokenRefusedError);
    pi.behaviour = () => down;
    expect(await outcome(auth.verify('revoked'))).toBeInstanceOf(PiUnavailableError);
  });
});
