import pg from 'pg';
import { createPostgres, databases, run, type TestDatabase } from '../../../../test/support/database.js';
import { PiConfigurationError } from '../errors/index.js';
import { migrations } from './migrations/index.js';
import { PiLedger } from './pi-ledger.js';

/** Columns, indexes and constraints, as text to compare. */
const SHAPE = `
  select table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '')
    as line from information_schema.columns where table_schema = 'pi'
  union all select indexdef from pg_indexes where schemaname = 'pi'
  union all select conrelid::regclass || ' ' || pg_get_constraintdef(oid) from pg_constraint
    where connamespace = 'pi'::regnamespace
  order by 1`;

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
const query = async (url: string, text: string) => (await withClient(url, (client) => client.query(text))).rows;

async function boot(options: ConstructorParameters<typeof PiLedger>[0]): Promise<void> {
  const ledger = new PiLedger(options);
  try {
    await ledger.onModuleInit();
  } finally {
    await ledger.onApplicationShutdown();
  }
}

const names = migrations.map(({ name }) => ({ name }));

describe('Migrations on PostgreSQL', () => {
  let database: Awaited<ReturnType<typeof createPostgres>>;
  beforeEach(async () => {
    database = await createPostgres();
  });
  afterEach(() => database.drop());

  it('are made once when four instances start at the same moment', async () => {
    await Promise.all(Array.from({ length: 4 }, () => boot(database.ledger)));
    expect(await query(database.url, 'select name from pi.migrations order by name')).toEqual(names);
  });

  it('make nothing and need no right to make anything when all is there', async () => {
    await boot(database.ledger);
    const role = `reader_${Date.now()}`;
    await run(
      database.url,
      `create role ${role} login password 'secret'`,
      `grant usage on schema pi to ${role}`,
      `grant select, insert, update, delete on all tables in schema pi to ${role}`,
    );
    const url = Object.assign(new URL(database.url), { username: role, password: 'secret' }).toString();
    await expect(boot({ url })).resolves.toBeUndefined();
    await run(database.url, `drop owned by ${role}`, `drop role ${role}`);
  });

  it('are the same by hand, can be run again, and a later boot agrees', async () => {
    const sql = await PiLedger.migrationSql();
    await withClient(database.url, (client) => client.query(sql));
    await withClient(database.url, (client) => client.query(sql));
    expect(await query(database.url, 'select name from pi.migrations order by name')).toEqual(names);
    await boot({ ...database.ledger, migrations: 'manual' });
    await boot(database.ledger);

    const atBoot = await createPostgres();
    await boot(atBoot.ledger);
    expect(await query(database.url, SHAPE)).toEqual(await query(atBoot.url, SHAPE));
    await atBoot.drop();
  });

  it('by hand, bring a database up to date that had some of them', async () => {
    await boot(database.ledger);
    const last = migrations.at(-1)!.name;
    await run(database.url, 'drop schema pi cascade');
    const some = (await PiLedger.migrationSql()).replace(
      new RegExp(`do \\$pi_migration\\$(?:(?!do \\$)[^])*'${last}'[^]*?\\$pi_migration\\$;`),
      '',
    );
    await withClient(database.url, (client) => client.query(some));
    await expect(boot({ ...database.ledger, migrations: 'manual' })).rejects.toThrow(`it lacks ${last}`);
    await withClient(database.url, async (client) => client.query(await PiLedger.migrationSql()));
    await boot({ ...database.ledger, migrations: 'manual' });
  });

  it('leave nothing behind when one fails', async () => {
    await run(database.url, 'create schema pi', 'create table pi.ad_claims (mine text)');
    await expect(boot(database.ledger)).rejects.toThrow('already exists');
    expect(await query(database.url, `select tablename from pg_tables where schemaname = 'pi'`)).toEqual([
      { tablename: 'ad_claims' },
    ]);
  });
});

describe.each(databases)('Migrations on $name', ({ create }) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await create();
  });
  afterAll(() => database.drop());

  it('stop the start when they are to be made by hand and are not, saying how', async () => {
    const start = boot({ ...database.ledger, migrations: 'manual' });
    await expect(start).rejects.toThrow(PiConfigurationError);
    await expect(start).rejects.toThrow(/is behind: it lacks 0001-leases.*migrationSql/s);
  }, 60_000);

  it.each(['boot', 'manual'] as const)(
    'stop the start of code older than the database (%s)',
    async (when) => {
      const ledger = new PiLedger(database.ledger);
      await ledger.open();
      await ledger.write(({ query }) =>
        query(`insert into pi.migrations (name, timestamp) values ('9999-future', '') on conflict do nothing`),
      );
      await ledger.onApplicationShutdown();
      await expect(boot({ ...database.ledger, migrations: when })).rejects.toThrow(
        /ahead of this version.*9999-future/,
      );
      // The next case starts from a database of this version.
      await undoFuture(database);
    },
    60_000,
  );
});

async function undoFuture({ ledger: options }: TestDatabase): Promise<void> {
  if ('url' in options) return run(options.url, `delete from pi.migrations where name = '9999-future'`);
  const { PGlite } = await import('@electric-sql/pglite');
  const pglite = await PGlite.create(`${options.directory}/postgres`);
  await pglite.query(`delete from pi.migrations where name = '9999-future'`);
  await pglite.close();
}
