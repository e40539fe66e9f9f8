import { Logger } from '@nestjs/common';
import { PiLedger } from 'nestjs-pi';
import pg from 'pg';
import { createPglite, createPostgres } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const NEVER = { pollMs: 600_000 };

/** What a listener heard of `payload`. */
const times = (heard: jest.Mock, payload: unknown) => heard.mock.calls.filter(([said]) => said === payload).length;

describe('Wake-up over PostgreSQL', () => {
  let database: Awaited<ReturnType<typeof createPostgres>>;
  let proxy: TcpProxy;
  let here: PiLedger;
  let there: PiLedger;

  beforeEach(async () => {
    jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    database = await createPostgres();
    const { hostname, port } = new URL(database.url);
    proxy = await TcpProxy.to(hostname, Number(port));
    here = new PiLedger({ url: Object.assign(new URL(database.url), { port: String(proxy.port) }).toString() });
    there = new PiLedger({ url: database.url });
    await Promise.all([here.open(), there.open()]);
  });
  afterEach(async () => {
    await Promise.all([here.onApplicationShutdown(), there.onApplicationShutdown()]);
    await proxy.stop();
    await database.drop();
    jest.restoreAllMocks();
  });

  const listening = async (ledger: PiLedger) => {
    const { notifications } = await ledger.open();
    await eventually(() => notifications.wakeUp === 'notify');
  };

  it('reaches other instances with the commit, its own at once, and each listener once', async () => {
    const mine = jest.fn();
    const theirs = jest.fn();
    const other = jest.fn();
    await here.listen('lane', mine, NEVER);
    await there.listen('lane', theirs, NEVER);
    await there.listen('another', other, NEVER);
    await Promise.all([listening(here), listening(there)]);

    await here.write(async (session) => {
      await session.notify('lane', 'paid');
      expect(times(mine, 'paid')).toBe(0);
    });
    expect(times(mine, 'paid')).toBe(1);
    await eventually(() => times(theirs, 'paid') === 1);

    await here.write((session) => session.notify('lane', 'last'));
    await eventually(() => times(theirs, 'last') === 1);
    expect([times(mine, 'paid'), times(theirs, 'paid'), times(other, 'paid')]).toEqual([1, 1, 0]);
  }, 30_000);

  it('comes back after the connection was lost, and then has everyone look for what was missed', async () => {
    const heard = jest.fn();
    await here.listen('lane', heard, NEVER);
    await listening(here);
    proxy.cut();
    const { notifications } = await here.open();
    await eventually(() => notifications.wakeUp === 'polling');
    await there.write((session) => session.notify('lane', 'missed'));
    heard.mockClear();
    proxy.mend();
    await listening(here);
    expect(times(heard, undefined)).toBe(1);
    expect(times(heard, 'missed')).toBe(0);
    await there.write((session) => session.notify('lane', 'heard'));
    await eventually(() => times(heard, 'heard') === 1);
  }, 30_000);

  it('is there by polling when no news comes', async () => {
    const heard = jest.fn();
    await here.listen('lane', heard, { pollMs: 50 });
    await listening(here);
    heard.mockClear();
    await eventually(() => times(heard, undefined) >= 3);
    expect(heard).toHaveBeenCalledWith(undefined);
  }, 30_000);

  it("takes the settings of the app's own pool, its password too, for a connection of its own", async () => {
    const pool = new pg.Pool({ connectionString: database.url, max: 2 });
    const ledger = new PiLedger({ pool });
    const heard = jest.fn();
    await ledger.listen('lane', heard, NEVER);
    await listening(ledger);
    await there.write((session) => session.notify('lane', 'work'));
    await eventually(() => times(heard, 'work') === 1);
    expect(pool.totalCount - pool.idleCount).toBe(0);
    await ledger.onApplicationShutdown();
    await expect(pool.query('select 1')).resolves.toMatchObject({ rowCount: 1 });
    await pool.end();
  }, 30_000);
});

it('Wake-up over PGlite stays in the process and comes with the commit', async () => {
  const database = await createPglite();
  const ledger = new PiLedger(database.ledger);
  const heard = jest.fn();
  await ledger.listen('lane', heard, NEVER);
  expect((await ledger.open()).notifications.wakeUp).toBe('in-process');
  await ledger.write(async (session) => {
    await session.notify('lane', 'work');
    expect(heard).not.toHaveBeenCalled();
  });
  expect(heard.mock.calls).toEqual([['work']]);
  await ledger.onApplicationShutdown();
  await database.drop();
}, 30_000);
