import { Logger } from '@nestjs/common';
import { PiLedger } from 'nestjs-pi';
import pg from 'pg';
import { createPostgres } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { describeWithPgbouncer, startPgbouncer } from '../support/pgbouncer.js';

describeWithPgbouncer('A ledger behind PgBouncer', () => {
  let database: Awaited<ReturnType<typeof createPostgres>>;
  let pooler: Awaited<ReturnType<typeof startPgbouncer>>;
  let ledgers: PiLedger[];
  let warnings: jest.SpyInstance;

  const start = async (poolMode: 'transaction' | 'session', instances: number) => {
    pooler = await startPgbouncer(database.url, poolMode);
    ledgers = Array.from({ length: instances }, () => new PiLedger({ url: pooler.url }));
    await Promise.all(ledgers.map((ledger) => ledger.onModuleInit()));
  };

  beforeEach(async () => {
    warnings = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    database = await createPostgres();
  });
  afterEach(async () => {
    await Promise.all(ledgers.map((ledger) => ledger.onApplicationShutdown()));
    await pooler.stop();
    await database.drop();
    jest.restoreAllMocks();
  });

  it('migrates once when four instances start through a pooler in transaction mode', async () => {
    await start('transaction', 4);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query(
      `select (select count(*)::int from pi.migrations) > 0 as migrated,
              (select count(*)::int from pg_locks join pg_database d on d.oid = database
               where locktype = 'advisory' and datname = current_database()) as locks`,
    );
    await client.end();
    expect(rows).toEqual([{ migrated: true, locks: 0 }]);
  }, 30_000);

  it('works in transaction mode: finds out that no news arrives, says so, and polls', async () => {
    await start('transaction', 2);
    const heard = jest.fn();
    const [here, there] = ledgers as [PiLedger, PiLedger];
    await here.listen('lane', heard);
    await eventually(() => warnings.mock.calls.flat().some((said) => /pooler in transaction mode/.test(String(said))));
    expect((await here.open()).notifications.wakeUp).toBe('polling');
    heard.mockClear();

    await there.transaction(async (tx) => {
      await tx.query(`insert into pi.ad_claims (ad_id, uid) values ('a', 'u')`);
      await there.write((session) => session.notify('lane', 'work'), tx);
    });
    await eventually(() => heard.mock.calls.length > 0);
    expect(await here.read(({ db }) => db.selectFrom('ad_claims').select('ad_id').execute())).toEqual([{ ad_id: 'a' }]);
  }, 40_000);

  it('hears the others in session mode', async () => {
    await start('session', 2);
    const heard = jest.fn();
    const [here, there] = ledgers as [PiLedger, PiLedger];
    await here.listen('lane', heard, { pollMs: 60_000 });
    const { notifications } = await here.open();
    await eventually(() => notifications.wakeUp === 'notify');
    await there.write((session) => session.notify('lane', 'work'));
    await eventually(() => heard.mock.calls.some(([payload]) => payload === 'work'));
    expect(heard).toHaveBeenCalledWith('work');
  }, 40_000);
});
