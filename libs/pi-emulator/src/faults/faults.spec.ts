import { Bench } from '../emulator.fixture.js';
import type { Fault } from './fault.js';

describe('faults', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start({ seed: 'faults' });
  });
  afterAll(() => bench.stop());
  afterEach(() => bench.pi.clearFaults());

  const order = (fault: Fault): Promise<{ status: number; body: { id: number } }> =>
    bench.control('POST', '/faults', fault);
  const create = async (): Promise<unknown> => bench.a2u();
  const openPayments = (): number => bench.pi.payments().filter(({ direction }) => direction === 'app_to_user').length;

  describe('do the work or not, as their name says', () => {
    it.each<[Fault['fault'], number, 'answers' | 'breaks']>([
      ['latency', 1, 'answers'],
      ['error', 0, 'answers'],
      ['drop_before', 0, 'breaks'],
      ['drop_after', 1, 'breaks'],
      ['malformed', 1, 'answers'],
    ])('%s: %i payment made, the connection %s', async (fault, made, connection) => {
      const before = openPayments();
      await order({ match: { method: 'POST', path: '/v2/payments' }, fault, latencyMs: 5 });
      const call = create().then(
        () => 'answers',
        () => 'breaks',
      );
      expect([await call, openPayments() - before]).toEqual([connection, made]);
    });
  });

  describe('answer as the Platform API and the proxies before it do', () => {
    it.each<[string, Partial<Fault>, number, string, RegExp]>([
      ['/v2/payments/x', {}, 500, 'text/html', /<h1>500<\/h1>/],
      ['/v2/payments/x', { status: 502 }, 502, 'text/html', /<h1>502<\/h1>/],
      ['/v2/payments/x', { status: 400 }, 400, 'application/json', /^{"error":"unknown_error","error_message":".+"}$/],
      [
        '/v2/payments/x',
        { status: 400, code: 'altered_amount' },
        400,
        'application/json',
        /^{"error":"altered_amount"/,
      ],
      ['/v2/payments/x', { status: 429 }, 429, 'application/json', /^{"error":"unknown_error"/],
      ['/v2/in_app_notifications/notify', { status: 403 }, 403, 'application/json', /^{"error":"[^"]+"}$/],
      ['/accounts/x', { status: 429 }, 429, 'application/problem+json', /"title":"Rate Limit Exceeded","status":429/],
      ['/accounts/x', { status: 503 }, 503, 'text/html', /<h1>503<\/h1>/],
    ])('%s with %j: %i %s', async (path, fault, status, type, content) => {
      await order({ match: { path }, fault: 'error', ...fault });
      const answer = await bench.call('GET', path);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([status, expect.stringContaining(type)]);
      expect(answer.text).toMatch(content);
    });

    it.each([
      [{ status: 429 }, '1'],
      [{ status: 503 }, '1'],
      [{ status: 503, retryAfter: 7 }, '7'],
      [{ status: 500 }, null],
    ])('%j carries Retry-After %s', async (fault, retryAfter) => {
      await order({ fault: 'error', ...fault });
      expect((await bench.call('GET', '/v2/me')).headers.get('retry-after')).toBe(retryAfter);
    });

    it('refuses a token without a body', async () => {
      const { accessToken } = await bench.pi.createPioneer();
      await order({ match: { path: '/v2/me' }, fault: 'error', status: 401 });
      const { status, text } = await bench.me(accessToken);
      expect([status, text]).toEqual([401, '']);
    });

    it('spoils an answer with a page of HTML and a good status', async () => {
      const { accessToken } = await bench.pi.createPioneer();
      await order({ match: { path: '/v2/me' }, fault: 'malformed' });
      const { status, text, headers } = await bench.me(accessToken);
      expect([status, headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
      expect(text).toContain('<!DOCTYPE html>');
    });
  });

  describe('hit only what they match', () => {
    it.each<[Fault['match'], string, string, boolean]>([
      [{}, 'GET', '/v2/me', true],
      [{ method: 'get' }, 'GET', '/v2/me', true],
      [{ method: 'POST' }, 'GET', '/v2/me', false],
      [{ path: '/v2' }, 'GET', '/v2/me', true],
      [{ path: '/v2/me' }, 'GET', '/v2/me?x=1', true],
      [{ path: '/v2/payments' }, 'POST', '/v2/payments/a/complete', true],
      [{ path: '/v2/payments/:id/complete' }, 'POST', '/v2/payments/a/complete', true],
      [{ path: '/v2/payments/:id/complete' }, 'POST', '/v2/payments/a/cancel', false],
      [{ path: '/v2/payments/*' }, 'POST', '/v2/payments/a/cancel', false],
      [{ path: '/v2/payments/**' }, 'POST', '/v2/payments/a/cancel', true],
      [{ path: '^/v2/payments$' }, 'POST', '/v2/payments/a/cancel', false],
      [{ path: '^/v2/payments/[^/]+/c' }, 'POST', '/v2/payments/a/cancel', true],
      [{ path: '/transactions' }, 'POST', '/transactions', true],
      [{ path: '/v2' }, 'GET', '/fee_stats', false],
    ])('%j on %s %s: %s', async (match, method, path, hit) => {
      await order({ ...(match && { match }), fault: 'error', status: 418 });
      expect((await bench.call(method, path)).status === 418).toBe(hit);
    });

    it('never the control API', async () => {
      await order({ fault: 'drop_before' });
      expect((await bench.control('GET', '/health')).status).toBe(200);
    });
  });

  it('end after `times`', async () => {
    await order({ match: { path: '/v2/me' }, fault: 'error', status: 418, times: 2 });
    const statuses = [];
    for (let call = 0; call < 3; call += 1) statuses.push((await bench.me('x')).status);
    expect(statuses).toEqual([418, 418, 401]);
    expect(bench.pi.faults.list()).toEqual([]);
  });

  it('follow one another in the order they were made', async () => {
    await order({ fault: 'error', status: 418, times: 1 });
    await order({ fault: 'error', status: 499, times: 1 });
    expect([(await bench.me('x')).status, (await bench.me('x')).status]).toEqual([418, 499]);
  });

  it('hit by chance, the same requests again with the same seed', async () => {
    const run = async (): Promise<number[]> => {
      const own = await Bench.start({ seed: 7 });
      own.pi.addFault({ fault: 'error', status: 418, probability: 0.5 });
      const statuses = [];
      for (let call = 0; call < 40; call += 1) statuses.push((await own.me('x')).status);
      await own.stop();
      return statuses;
    };
    const statuses = await run();
    expect(await run()).toEqual(statuses);
    expect(statuses.filter((status) => status === 418).length).toBeGreaterThan(8);
    expect(statuses.filter((status) => status === 401).length).toBeGreaterThan(8);
  });

  it('wait as long as they say', async () => {
    await order({ match: { path: '/v2/me' }, fault: 'latency', latencyMs: 80 });
    const start = performance.now();
    expect((await bench.me('x')).status).toBe(401);
    expect(performance.now() - start).toBeGreaterThanOrEqual(75);
  });

  it('are listed with their hits, and cleared', async () => {
    await order({ match: { path: '/v2/me' }, fault: 'error' });
    await bench.me('x');
    expect((await bench.control('GET', '/faults')).body).toEqual([
      { id: expect.any(Number), match: { path: '/v2/me' }, fault: 'error', hits: 1 },
    ]);
    expect((await bench.control('DELETE', '/faults')).body).toEqual({ cleared: 1 });
    expect((await bench.me('x')).status).toBe(401);
  });

  it.each<[unknown, RegExp]>([
    [undefined, /A fault is an object/],
    [[], /A fault is an object/],
    [{}, /fault is undefined: give one of latency, error/],
    [{ fault: 'explode' }, /fault is "explode": give one of/],
    [{ fault: 'error', match: 'all' }, /match is an object/],
    [{ fault: 'error', match: { method: 7 } }, /match\.method is 7/],
    [{ fault: 'error', match: { path: 'v2/me' } }, /match\.path is "v2\/me"/],
    [{ fault: 'error', match: { path: '/_emulator/health' } }, /the control API has no faults/],
    [{ fault: 'error', match: { path: '^(' } }, /no regular expression/],
    [{ fault: 'error', times: 0 }, /times is 0/],
    [{ fault: 'error', probability: 2 }, /probability is 2/],
    [{ fault: 'latency', latencyMs: -1 }, /latencyMs is -1/],
    [{ fault: 'error', status: 42 }, /status is 42/],
  ])('%j is refused', async (fault, message) => {
    const { status, body } = await bench.control('POST', '/faults', fault);
    expect([status, body.error]).toEqual([400, 'invalid_fault']);
    expect(body.message).toMatch(message);
    expect(bench.pi.faults.list()).toEqual([]);
  });
});
