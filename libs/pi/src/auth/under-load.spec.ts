import { Controller, Get, Logger, UseGuards } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { PiAuthGuard, PiModule, PiUser } from 'nestjs-pi';
import type { PiAuthOptions } from 'nestjs-pi';
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ADAPTERS, listen } from '../../../../test/support/adapters.js';
import { eventually } from '../../../../test/support/eventually.js';
import { StagedMe } from '../../../../test/support/staged-me.js';

const { accept, refuse } = StagedMe;
jest.setTimeout(180_000);

/** The bar is 10,000. What a flood does to the guard does not depend on the adapter: one of them is enough. */
const FLOOD = { Express: 1_000, Fastify: 10_000 } as const;

@Controller()
@UseGuards(PiAuthGuard)
class Routes {
  @Get('me')
  me(@PiUser('uid') uid: string) {
    return { uid };
  }
}

describe.each(ADAPTERS)('sign-in under load on %s', (name, Adapter) => {
  let pi: StagedMe;
  let app: INestApplication;
  let url: string;
  const agent = new Agent({ keepAlive: true, maxSockets: 200 });
  /** Of a Pioneer who does not queue behind the flood in this client. */
  const aside = new Agent({ keepAlive: true, maxSockets: 20 });

  const start = async (auth: PiAuthOptions) => {
    const imports = [
      PiModule.forRoot({
        apiKey: 'key',
        network: 'testnet',
        platformUrl: pi.platformUrl,
        http: { retries: 0, timeoutMs: 60_000 },
        auth,
      }),
    ];
    ({ app, url } = await listen(Adapter, { imports, controllers: [Routes] }));
  };
  const ask = (token: string, by = agent) =>
    new Promise<number>((answered, failed) => {
      const headers = { authorization: `Bearer ${token}` };
      get(`${url}/me`, { agent: by, headers }, (response) => {
        response.resume().once('end', () => answered(response.statusCode ?? 0));
      }).once('error', failed);
    });
  const tally = (statuses: readonly number[]) => {
    const counts: Record<number, number> = {};
    for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  };

  beforeEach(async () => {
    pi = await StagedMe.start();
    jest.spyOn(Logger.prototype, 'warn').mockImplementation();
  });
  afterEach(async () => {
    await app.close();
    await pi.stop();
    jest.restoreAllMocks();
  });
  afterAll(() => {
    agent.destroy();
    aside.destroy();
  });

  it(`${FLOOD[name]} invented tokens while /me is held shut: 8 calls at a time, and no good cached token waits`, async () => {
    await start({ concurrentChecks: 8, queuedChecks: 64 });
    expect(await ask('good')).toBe(200);
    pi.behaviour = () => 'hold';
    const flood = Promise.all(Array.from({ length: FLOOD[name] }, (_, i) => ask(`invented${i}`)));
    await eventually(() => pi.open === 8);
    // Every one of these is answered while nobody's token can be verified.
    expect(await Promise.all(Array.from({ length: 200 }, () => ask('good', aside)))).toEqual(Array(200).fill(200));
    expect(pi.open).toBe(8);
    pi.behaviour = refuse;
    pi.release();
    const statuses = tally(await flood);
    expect(statuses[401]! + statuses[503]!).toBe(FLOOD[name]);
    expect(statuses[401]).toBeGreaterThanOrEqual(8 + 64);
    expect(pi.most).toBe(8);
  });

  it('a flood that hangs up costs Pi no more than one that waits', async () => {
    await start({ concurrentChecks: 8, queuedChecks: 64 });
    pi.behaviour = () => 'hold';
    for (let i = 0; i < 24; i += 1) {
      const headers = { authorization: `Bearer invented${i}` };
      const client = get(`${url}/me`, { agent: false, headers }).on('error', () => undefined);
      await eventually(() => pi.calls.length > i, { withinMs: 50 }).catch(() => undefined);
      client.destroy();
    }
    expect(pi).toMatchObject({ calls: { length: 8 }, open: 8, aborted: 0 });
    pi.behaviour = accept;
    pi.release();
    expect(await ask('good')).toBe(200);
    expect(pi.most).toBe(8);
  });

  it('a burst of 1,000 requests with one cold token costs one call', async () => {
    await start({});
    expect(tally(await Promise.all(Array.from({ length: 1_000 }, () => ask('cold'))))).toEqual({ 200: 1_000 });
    expect(pi.calls).toEqual(['cold']);
  });

  it.each<[string, PiAuthOptions, (statuses: Record<number, number>) => void]>([
    ['without', {}, (statuses) => expect(statuses[503]).toBeGreaterThan(0)],
    ['with', { staleIfErrorMs: 60_000 }, (statuses) => expect(Object.keys(statuses)).toEqual(['200'])],
  ])(
    'an outage of Pi, %s staleIfErrorMs: no 401 for a good token, and no stampede afterwards',
    async (_title, stale, check) => {
      await start({ cacheMs: 200, concurrentChecks: 4, ...stale });
      const tokens = Array.from({ length: 50 }, (_, i) => `good${i}`);
      expect(tally(await Promise.all(tokens.map((token) => ask(token))))).toEqual({ 200: 50 });

      pi.behaviour = () => ({ status: 500 });
      await sleep(250);
      const [callsBefore, downAt] = [pi.calls.length, Date.now()];
      const during: number[] = [];
      while (Date.now() - downAt < 3_000) {
        during.push(...(await Promise.all(tokens.map((token) => ask(token)))));
        await sleep(50);
      }
      const statuses = tally(during);
      expect(statuses[401]).toBeUndefined();
      check(statuses);
      // Five failures and those under way with them open the circuit; then one probe in two seconds.
      expect(pi.calls.length - callsBefore).toBeLessThanOrEqual(5 + 4 + 2);

      pi.behaviour = accept;
      pi.most = 0;
      const callsAtReturn = pi.calls.length;
      await eventually(async () => (await ask('good0')) === 200 && pi.calls.length > callsAtReturn);
      expect(tally(await Promise.all([...tokens, ...tokens, ...tokens].map((token) => ask(token))))).toEqual({
        200: 150,
      });
      expect(pi.most).toBeLessThanOrEqual(4);
      for (const token of tokens)
        expect(pi.calls.slice(callsAtReturn).filter((call) => call === token).length).toBeLessThan(4);
    },
  );
});
