import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { PiLedger, PiUnavailableError, type PiTransaction } from 'nestjs-pi';
import pg from 'pg';
import { createPostgres } from '../support/database.js';
import { TcpProxy } from '../support/tcp-proxy.js';

jest.setTimeout(20_000);

/** What a payment callback has, all in all. */
const BOUND_MS = 3_000;

const failure = async (work: Promise<unknown>) => {
  const start = Date.now();
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  return { error, ms: Date.now() - start };
};

describe("While the ledger's database is away", () => {
  let database: Awaited<ReturnType<typeof createPostgres>>;
  let proxy: TcpProxy;
  let url: string;
  let ledger: PiLedger;
  let errors: jest.SpyInstance;

  beforeEach(async () => {
    errors = jest.spyOn(Logger.prototype, 'error').mockImplementation();
    jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    database = await createPostgres();
    const { hostname, port } = new URL(database.url);
    proxy = await TcpProxy.to(hostname, Number(port));
    url = Object.assign(new URL(database.url), { port: String(proxy.port) }).toString();
    ledger = new PiLedger({ url });
    await ledger.open();
  });
  afterEach(async () => {
    await ledger.onApplicationShutdown();
    await proxy.stop();
    await database.drop();
    jest.restoreAllMocks();
  });

  const look = () => ledger.read(({ query }) => query('select 1'));
  const calls: [string, () => Promise<unknown>][] = [
    ['a read', () => look()],
    ['a write', () => ledger.write(({ query }) => query('select 1'))],
    ['a transaction', () => ledger.transaction((tx) => tx.query('select 1'))],
  ];
  const outages: [string, () => void][] = [
    ['does not answer', () => proxy.silence()],
    ['refuses connections', () => proxy.cut()],
  ];

  describe.each(outages)('which %s', (_, begin) => {
    it.each(calls)('%s fails in time with a retryable error, and works again afterwards', async (_name, call) => {
      begin();
      const { error, ms } = await failure(call());
      expect(error).toBeInstanceOf(PiUnavailableError);
      expect(error).toMatchObject({ retryable: true, status: 503, headers: { 'Retry-After': expect.any(String) } });
      expect(ms).toBeLessThan(BOUND_MS);
      proxy.mend();
      await expect(call()).resolves.toMatchObject({ rows: [{ '?column?': 1 }] });
    });

    it('the app does not start, and says why and where without the password', async () => {
      begin();
      const other = new PiLedger({ url });
      const { error, ms } = await failure(other.onModuleInit());
      await other.onApplicationShutdown();
      expect(error).toBeInstanceOf(PiUnavailableError);
      expect(ms).toBeLessThan(BOUND_MS);
      const said = errors.mock.calls.flat().join('\n');
      expect(said).toContain(`postgres://127.0.0.1:${proxy.port}/`);
      expect(said).not.toContain('postgres:postgres');
    });
  });

  it('a transaction that loses it between two statements fails, and the process lives', async () => {
    const { error } = await failure(
      ledger.transaction(async (tx) => {
        await tx.query('select 1');
        proxy.cut();
        await sleep(100);
        await tx.query('select 1');
      }),
    );
    expect(error).toBeInstanceOf(PiUnavailableError);
  });

  it('a transaction that loses it before the commit is rolled back, and what it left for later is forgotten', async () => {
    const later = jest.fn();
    const { error } = await failure(
      ledger.transaction(async (tx: PiTransaction) => {
        await tx.query(`insert into pi.ad_claims (ad_id, uid) values ('a', 'u')`);
        tx.afterCommit(later);
        proxy.cut();
      }),
    );
    expect(error).toBeInstanceOf(PiUnavailableError);
    proxy.mend();
    expect(await ledger.read(({ db }) => db.selectFrom('ad_claims').selectAll().execute())).toEqual([]);
    expect(later).not.toHaveBeenCalled();
  });

  it('a pool that is all taken is an error in time, too, and the late connection is given back', async () => {
    const pool = new pg.Pool({ connectionString: database.url, max: 1 });
    const crowded = new PiLedger({ pool });
    await crowded.open();
    const taken = await pool.connect();
    const { error, ms } = await failure(crowded.read(({ query }) => query('select 1')));
    expect(error).toBeInstanceOf(PiUnavailableError);
    expect(ms).toBeLessThan(BOUND_MS);
    taken.release();
    await crowded.read(({ query }) => query('select 1'));
    expect(pool.waitingCount).toBe(0);
    await crowded.onApplicationShutdown();
    await pool.end();
  });

  it("an app's own runner that cannot begin is an error in time, and its late transaction does nothing", async () => {
    let release!: () => void;
    const held = new Promise<void>((resolve) => (release = resolve));
    const work = jest.fn(async () => {});
    const pool = new pg.Pool({ connectionString: database.url });
    let slowNow = false;
    const slow = new PiLedger<undefined>({
      url: database.url,
      transactions: {
        run: async (work) => {
          if (slowNow) await held;
          return work((text, values) => pool.query(text, values as unknown[]) as never, undefined);
        },
      },
    });
    await slow.open();
    slowNow = true;
    const { error, ms } = await failure(slow.transaction(work));
    expect(error).toBeInstanceOf(PiUnavailableError);
    expect(ms).toBeLessThan(BOUND_MS);
    release();
    await sleep(20);
    expect(work).not.toHaveBeenCalled();
    await slow.onApplicationShutdown();
    await pool.end();
  }, 10_000);
});
