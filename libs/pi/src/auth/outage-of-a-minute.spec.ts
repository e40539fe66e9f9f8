import { Controller, Get, Logger, UseGuards } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { PiAuthGuard, PiModule, PiUser } from 'nestjs-pi';
import { setTimeout as sleep } from 'node:timers/promises';
import { ADAPTERS, listen } from '../../../../test/support/adapters.js';
import { StagedMe } from '../../../../test/support/staged-me.js';

jest.setTimeout(150_000);

@Controller()
@UseGuards(PiAuthGuard)
class Routes {
  @Get('me')
  me(@PiUser('uid') uid: string) {
    return { uid };
  }
}

const tokens = Array.from({ length: 25 }, (_, i) => `good${i}`);

/** One app with a Pi of its own. */
class Site {
  readonly statuses = new Map<number, number>();
  /** 503 without `Retry-After`: a client would not know when to come back. */
  unexplained = 0;

  private constructor(
    readonly pi: StagedMe,
    private readonly app: INestApplication,
    private readonly url: string,
  ) {}

  static async start(Adapter: (typeof ADAPTERS)[number][1], staleIfErrorMs: number): Promise<Site> {
    const pi = await StagedMe.start();
    const module = PiModule.forRoot({
      apiKey: 'key',
      network: 'testnet',
      platformUrl: pi.platformUrl,
      http: { timeoutMs: 3_000 },
      auth: { cacheMs: 20_000, concurrentChecks: 4, staleIfErrorMs },
    });
    const { app, url } = await listen(Adapter, { imports: [module], controllers: [Routes] });
    return new Site(pi, app, url);
  }

  async ask(token: string): Promise<number> {
    const response = await fetch(`${this.url}/me`, { headers: { authorization: `Bearer ${token}` } });
    await response.arrayBuffer();
    if (response.status === 503 && !response.headers.has('retry-after')) this.unexplained += 1;
    return response.status;
  }

  /** Every token once. */
  async round(): Promise<void> {
    for (const status of await Promise.all(tokens.map((token) => this.ask(token))))
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
  }

  /** Every token again and again, twice a second. */
  async load(ms: number): Promise<void> {
    for (const end = Date.now() + ms; Date.now() < end; await sleep(500)) await this.round();
  }

  async stop(): Promise<void> {
    this.pi.release();
    await this.app.close();
    await this.pi.stop();
  }
}

const cases = ADAPTERS.flatMap(([name, Adapter]) => [
  { name: `${name}, staleIfErrorMs off`, Adapter, staleIfErrorMs: 0, seen: [200, 503] },
  { name: `${name}, staleIfErrorMs of two minutes`, Adapter, staleIfErrorMs: 120_000, seen: [200] },
]);

describe('Pi down for a minute, under load', () => {
  let sites: Site[];

  beforeAll(async () => {
    jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    sites = await Promise.all(cases.map(({ Adapter, staleIfErrorMs }) => Site.start(Adapter, staleIfErrorMs)));
  });
  afterAll(async () => {
    await Promise.all(sites.map((site) => site.stop()));
    jest.restoreAllMocks();
  });

  it(`no good token gets a 401, and Pi is not overrun when it returns: ${cases.map(({ name }) => name).join('; ')}`, async () => {
    await Promise.all(sites.map((site) => site.round()));
    const before = sites.map(({ pi }) => pi.calls.length);
    expect(before).toEqual(sites.map(() => tokens.length));

    for (const { pi } of sites) pi.behaviour = () => ({ status: 500 });
    await Promise.all(sites.map((site) => site.load(30_000)));
    for (const { pi } of sites) pi.behaviour = () => 'hold';
    await Promise.all(sites.map((site) => site.load(30_000)));

    sites.forEach(({ pi, statuses, unexplained }, i) => {
      expect([...statuses.keys()].toSorted()).toEqual(cases[i]!.seen);
      expect(unexplained).toBe(0);
      // Five failures and the three under way with them, each tried three times, open the circuit; then it tries once in two seconds.
      expect(pi.calls.length - before[i]!).toBeLessThanOrEqual((5 + 3) * 3 + 30);
    });

    const atReturn = sites.map(({ pi }) => pi.calls.length);
    for (const { pi } of sites) {
      pi.behaviour = StagedMe.accept;
      pi.release();
      pi.most = pi.open;
    }
    await Promise.all(sites.map((site) => site.load(5_000)));
    for (const [i, site] of sites.entries()) {
      site.statuses.clear();
      await site.round();
      expect([...site.statuses]).toEqual([[200, tokens.length]]);
      expect(site.pi.most).toBeLessThanOrEqual(4);
      const asked = site.pi.calls.slice(atReturn[i]).toSorted();
      expect(asked).toEqual([...new Set(asked)]);
    }
  });
});
