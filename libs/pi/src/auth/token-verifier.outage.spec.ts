import type { INestApplicationContext } from '@nestjs/common';
import { PiTokenRefusedError, PiUnavailableError } from 'nestjs-pi';
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

  it('lets whoever was verified before go first, and always finds them a place', async () => {
    await start({ concurrentChecks: 1, queuedChecks: 3, cacheMs: 20 });
    const known = ['ann', 'bob', 'cat', 'dan', 'eve'];
    for (const token of known) await auth.verify(token);
    await eventually(() => known.every((token) => auth.peek(token) === undefined));
    const before = pi.calls.length;
    pi.behaviour = () => 'hold';
    const flood = Array.from({ length: 10 }, (_, i) => outcome(auth.verify(`invented${i}`)));
    await eventually(() => pi.open === 1);
    const again = known.map((token) => outcome(auth.verify(token)));
    await Promise.resolve();
    pi.behaviour = (token) => (token.startsWith('invented') ? refuse() : accept(token));
    pi.release();
    expect(await Promise.all(again)).toEqual(known.map(() => 'accepted'));
    await Promise.all(flood);
    expect(pi.calls.slice(before)).toEqual(['invented0', ...known, 'invented1', 'invented2', 'invented3']);
  });

  it('ends with the app: whoever waits is told, and Pi is asked nothing more', async () => {
    await start({ concurrentChecks: 1, queuedChecks: 100 });
    pi.behaviour = () => 'hold';
    const checks = Array.from({ length: 20 }, (_, i) => outcome(auth.verify(`t${i}`)));
    await eventually(() => pi.open === 1);
    const closed = app.close();
    pi.behaviour = accept;
    pi.release();
    await closed;
    const outcomes = await Promise.all(checks);
    expect(outcomes.slice(1)).toEqual(
      checks.slice(1).map(() => expect.objectContaining({ code: 'PI_UNAVAILABLE', headers: { 'Retry-After': '1' } })),
    );
    expect(await outcome(auth.verify('late'))).toMatchObject({ code: 'PI_UNAVAILABLE' });
    expect(pi.calls).toEqual(['t0']);
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

function endingAt(timestamp: number): object {
  const valid_until = { timestamp, iso8601: '2100-01-01T00:00:00Z' };
  return { status: 200, body: { uid: 'u', credentials: { scopes: [], valid_until } } };
}

describe('while Pi cannot be asked', () => {
  const down = { status: 500 };

  it.each<[string, object]>([
    ['an error of Pi', { status: 500 }],
    ['an error page', { status: 502, body: '<html>', headers: { 'content-type': 'text/html' } }],
    ['an answer without a user', { status: 200, body: {} }],
    ['a user whose token ends at no date', endingAt(1e300)],
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

  it('honours no token that was forgotten while Pi was asked', async () => {
    await start({ cacheMs: 20, staleIfErrorMs: 60_000 });
    await auth.verify('good');
    await eventually(() => auth.peek('good') === undefined);
    pi.behaviour = () => 'hold';
    const asked = outcome(auth.verify('good'));
    await eventually(() => pi.open === 1);
    await auth.forget('good');
    pi.behaviour = () => down;
    pi.release();
    expect(await asked).toMatchObject({ code: 'PI_UNAVAILABLE' });
  });

  it('is tried by one call, however often others are repeated', async () => {
    pi.behaviour = () => down;
    await start({}, { http: { timeoutMs: 5_000, retries: 2 } });
    for (let i = 0; i < 5; i += 1) await outcome(auth.verify(`t${i}`));
    const before = pi.calls.length;
    await eventually(async () => {
      await outcome(auth.verify('probe'));
      return pi.calls.length > before;
    });
    expect(pi.calls.length - before).toBe(1);
  });

  it('is tried by a call that goes on when its caller hangs up; and what is forgotten meanwhile is not remembered', async () => {
    pi.behaviour = () => down;
    await start();
    for (let i = 0; i < 5; i += 1) await outcome(auth.verify(`t${i}`));
    pi.behaviour = () => 'hold';
    const gone = new AbortController();
    await eventually(async () => {
      if (pi.open === 0) void outcome(auth.verify('signed_out', { signal: gone.signal }));
      return pi.open === 1;
    });
    gone.abort(new Error('the client has gone'));
    await auth.forget('signed_out');
    pi.behaviour = accept;
    pi.release();
    await eventually(() => auth.verify('another').catch(() => undefined));
    expect(pi.aborted).toBe(0);
    expect(auth.peek('signed_out')).toBeUndefined();
  });

  it('is asked again in time when the clock is set back', async () => {
    pi.behaviour = () => down;
    await start();
    for (let i = 0; i < 5; i += 1) await outcome(auth.verify(`t${i}`));
    const { now } = Date;
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);
    expect(await outcome(auth.verify('good'))).toMatchObject({
      headers: { 'Retry-After': expect.stringMatching(/^[12]$/) },
    });
    pi.behaviour = accept;
    const deadline = performance.now() + 10_000;
    let last: unknown;
    while (last !== 'accepted' && performance.now() < deadline) {
      last = await outcome(auth.verify('good'));
      await sleep(20);
    }
    clock.mockRestore();
    expect(last).toBe('accepted');
  });

  it('a refusal is an answer: any number of them leaves the circuit closed', async () => {
    pi.behaviour = refuse;
    await start();
    for (let i = 0; i < 20; i += 1) await outcome(auth.verify(`bad${i}`));
    expect(pi.calls).toHaveLength(20);
  });

  it('a refusal is an answer: failures before and after it are not in a row', async () => {
    await start();
    const say = async (...statuses: number[]) => {
      for (const status of statuses) {
        pi.behaviour = () => ({ status });
        await outcome(auth.verify(`t${pi.calls.length}`));
      }
    };
    await say(500, 500, 500, 500, 401, 500, 500, 500, 500);
    pi.behaviour = accept;
    expect((await auth.verify('good')).uid).toBe('uid-of-good');
    // The same for the one call that tries whether Pi is back.
    await say(500, 500, 500, 500, 500);
    pi.behaviour = refuse;
    await eventually(async () => (await outcome(auth.verify('probe'))) instanceof PiTokenRefusedError);
    await say(500, 500);
    pi.behaviour = accept;
    expect((await auth.verify('another')).uid).toBe('uid-of-another');
  });

  it('tokens that something before Pi rejects leave the circuit closed for all others', async () => {
    pi.behaviour = (token) => (token === 'good' ? accept(token) : { status: 403, body: '<html>blocked</html>' });
    await start();
    for (let i = 0; i < 20; i += 1) expect(await outcome(auth.verify(`attack${i}`))).toBeInstanceOf(PiUnavailableError);
    expect((await auth.verify('good')).uid).toBe('uid-of-good');
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

  it('429 silences us at the first answer, however often calls are repeated', async () => {
    pi.behaviour = () => ({ status: 429, headers: { 'retry-after': '1' } });
    await start({}, { http: { retries: 2 } });
    expect(await outcome(auth.verify('first'))).toMatchObject({ reason: 'rate_limited' });
    expect(pi.calls).toEqual(['first']);
  });

  const inSeconds = (s: number) => new Date(Date.now() + s * 1_000).toUTCString();
  it.each<[string, () => string | undefined, RegExp]>([
    ['seconds', () => '30', /^30$/],
    ['a date', () => inSeconds(30), /^(29|30)$/],
    ['absent', () => undefined, /^1$/],
    ['nothing', () => '0', /^1$/],
    ['a date that is over (by our clock)', () => inSeconds(-3_600), /^1$/],
    ['no number', () => 'soon', /^1$/],
    ['more than a number holds', () => '9'.repeat(400), /^1$/],
    ['31 years', () => '999999999', /^600$/],
    ['a date in 31 years', () => inSeconds(999_999_999), /^600$/],
  ])('Retry-After of a 429 may be %s', async (_title, header, told) => {
    const value = header();
    pi.behaviour = () => ({ status: 429, ...(value !== undefined && { headers: { 'retry-after': value } }) });
    await start();
    for (const token of ['first', 'second']) {
      expect(await outcome(auth.verify(token))).toMatchObject({
        headers: { 'Retry-After': expect.stringMatching(told) },
      });
      await sleep(20);
    }
    expect(pi.calls).toEqual(['first']);
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
