import { Bench, METADATA } from '../emulator.fixture.js';

describe('the journal', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(() => bench.stop());

  it('holds every request with its answer, in order, but none to the control API', async () => {
    const { accessToken } = await bench.pi.createPioneer();
    await bench.me(accessToken);
    await bench.call('GET', '/fee_stats?x=1');
    await bench.control('GET', '/health');
    expect((await bench.control('GET', '/journal')).body).toEqual([
      {
        number: 1,
        time: expect.stringMatching(/^\d{4}-/),
        method: 'GET',
        path: '/v2/me',
        url: '/v2/me',
        authorization: `Bearer ${accessToken}`,
        status: 200,
        durationMs: expect.any(Number),
      },
      expect.objectContaining({ number: 2, path: '/fee_stats', url: '/fee_stats?x=1', status: 200 }),
    ]);
  });

  it('is filtered by method, path and number', async () => {
    const { identifier } = await bench.u2a();
    await bench.approve(identifier);
    await bench.key('GET', `/payments/${identifier}`);
    await bench.me('x');
    const paths = async (query: string): Promise<string[]> =>
      (await bench.control('GET', `/journal?${query}`)).body.map(({ path }: { path: string }) => path);
    expect(await paths('method=post')).toEqual([`/v2/payments/${identifier}/approve`]);
    expect(await paths('path=/v2/me')).toEqual(['/v2/me']);
    expect(await paths('path=/v2/payments/:id')).toEqual([`/v2/payments/${identifier}`]);
    expect(await paths('after=2')).toEqual(['/v2/me']);
  });

  it('shows the body', async () => {
    const payment = { amount: 1, memo: 'Thank you', metadata: METADATA, uid: 'nobody' };
    await bench.key('POST', '/payments', { payment });
    expect(bench.pi.journal()).toMatchObject([{ body: { payment }, status: 404 }]);
  });

  it('shows a request that waits, and one whose connection broke', async () => {
    bench.pi.addFault({ fault: 'latency', latencyMs: 60, times: 1 });
    const waiting = bench.me('x');
    while (bench.pi.journal().length === 0) await new Promise(setImmediate);
    expect(bench.pi.journal()).toMatchObject([{ status: null, durationMs: null, fault: 'latency' }]);
    await waiting;
    for (const fault of ['drop_before', 'drop_after'] as const) {
      bench.pi.addFault({ fault, times: 1 });
      await expect(bench.me('x')).rejects.toThrow('fetch failed');
    }
    expect(bench.pi.journal()).toMatchObject([
      { status: 401, fault: 'latency' },
      { status: null, fault: 'drop_before' },
      { status: null, fault: 'drop_after' },
    ]);
  });

  it('never keeps a token, key or seed in full that is not the emulator’s own', async () => {
    const real = 'sk7real0secret0of0another0world';
    await bench.me(real);
    await bench.call('GET', '/v2/payments/x', undefined, { authorization: `Key ${real}` });
    await bench.call('GET', '/v2/payments/x', undefined, { authorization: real });
    const seed = `S${'A'.repeat(55)}`;
    await bench.key('POST', '/payments', { accessToken: real, nested: [{ api_key: real }, seed] });
    const kept = JSON.stringify(bench.pi.journal());
    expect(kept).not.toContain(real);
    expect(kept).not.toContain(seed);
    expect(bench.pi.journal()).toMatchObject([
      { authorization: 'Bearer sk7r…' },
      { authorization: 'Key sk7r…' },
      { authorization: 'sk7r…' },
      {
        authorization: `Key ${bench.pi.apiKey}`,
        body: { accessToken: 'sk7r…', nested: [{ api_key: 'sk7r…' }, 'SAAA…'] },
      },
    ]);
  });
});
