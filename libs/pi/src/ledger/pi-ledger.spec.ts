import pg from 'pg';
import { createPostgres, databases, type TestDatabase } from '../../../../test/support/database.js';
import { openLedger, type TestLedger } from '../../../../test/support/open-ledger.js';
import { PiConfigurationError } from '../errors/index.js';
import type { PiQuery } from '../pi.ports.js';
import type { LedgerSession } from './ledger-session.js';
import { PiLedger } from './pi-ledger.js';

describe.each(databases)('PiLedger on $name', ({ create }) => {
  let opened: TestLedger;
  let ledger: PiLedger;

  beforeAll(async () => {
    opened = await openLedger(create);
    ({ ledger } = opened);
  }, 60_000);

  afterAll(() => opened.close());

  const claim =
    (adId: string, uid = 'alice') =>
    ({ db }: LedgerSession) =>
      db.insertInto('ad_claims').values({ app: '', ad_id: adId, uid }).execute();
  const claims = (adId: string) =>
    ledger.read(({ db }) => db.selectFrom('ad_claims').selectAll().where('ad_id', '=', adId).execute());

  it('keeps what a write wrote', async () => {
    await ledger.write(claim('kept'));
    expect(await claims('kept')).toEqual([{ app: '', ad_id: 'kept', uid: 'alice', claimed_at: expect.any(Date) }]);
  });

  it('undoes a write that throws', async () => {
    const failed = ledger.write(async (session) => {
      await claim('undone')(session);
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await claims('undone')).toEqual([]);
  });

  it('commits the rows of the app and of the ledger together', async () => {
    await ledger.transaction(async (tx) => {
      await tx.query('create table if not exists orders (id text)');
      await tx.query('insert into orders values ($1)', ['o1']);
      await ledger.write(claim('together'), tx);
    });
    expect(await claims('together')).toHaveLength(1);
    await ledger.transaction(async (tx) => {
      const { rows } = await tx.query<{ id: string }>('select id from orders');
      expect(rows).toEqual([{ id: 'o1' }]);
    });
  });

  it('rolls both back together', async () => {
    const failed = ledger.transaction(async (tx) => {
      await ledger.write(claim('neither'), tx);
      throw new Error('out of stock');
    });
    await expect(failed).rejects.toThrow('out of stock');
    expect(await claims('neither')).toEqual([]);
  });

  it('refuses a write inside a transaction that does not join it, instead of waiting for itself', async () => {
    const failed = ledger.transaction(async () => {
      await ledger.write(claim('alone'));
    });
    await expect(failed).rejects.toThrow(PiConfigurationError);
    await expect(failed).rejects.toThrow(/\{ tx \}/);
    expect(await claims('alone')).toEqual([]);
  });

  it('reads inside a transaction see what it wrote', async () => {
    await ledger.transaction(async (tx) => {
      await ledger.write(claim('seen'), tx);
      expect(await claims('seen')).toHaveLength(1);
    });
  });
});

describe('PiLedger on PostgreSQL, with two transactions in each other’s way', () => {
  let database: TestDatabase;
  let ledger: PiLedger;
  beforeAll(async () => {
    database = await databases[0]!.create();
    ledger = new PiLedger(database.ledger);
    await ledger.write(({ query }) => query(`insert into pi.ad_claims (ad_id, uid) values ('a', ''), ('b', '')`));
  });
  afterAll(async () => {
    await ledger.onApplicationShutdown();
    await database.drop();
  });

  const update = ({ query }: LedgerSession, adId: string, uid: string) =>
    query('update pi.ad_claims set uid = uid || $2 where ad_id = $1', [adId, uid]);
  /** Both have locked one row before either asks for the other's. */
  const meet = () => {
    let arrived = 0;
    let open!: () => void;
    const both = new Promise<void>((resolve) => (open = resolve));
    return async () => {
      if (++arrived === 2) open();
      await both;
    };
  };

  it('runs its own again after a deadlock, until both are done', async () => {
    const met = meet();
    let runs = 0;
    const write = (first: string, second: string, mark: string) =>
      ledger.write(async (session) => {
        runs++;
        await update(session, first, mark);
        await met();
        await update(session, second, mark);
      });
    await Promise.all([write('a', 'b', '1'), write('b', 'a', '2')]);
    expect(runs).toBe(3);
    const { rows } = await ledger.read(({ query }) => query<{ uid: string }>('select uid from pi.ad_claims'));
    expect(rows.map(({ uid }) => uid.split('').toSorted().join(''))).toEqual(['12', '12']);
  });

  it("does not run the app's again, and tells it that it may", async () => {
    const met = meet();
    let runs = 0;
    const deliver = (first: string, second: string) =>
      ledger.transaction(async (tx) => {
        runs++;
        await tx.query(`update pi.ad_claims set uid = 'x' where ad_id = $1`, [first]);
        await met();
        await tx.query(`update pi.ad_claims set uid = 'x' where ad_id = $1`, [second]);
      });
    const answers = await Promise.allSettled([deliver('a', 'b'), deliver('b', 'a')]);
    const failed = answers.filter((answer) => answer.status === 'rejected');
    expect(failed).toEqual([{ status: 'rejected', reason: expect.objectContaining({ retryable: true, status: 503 }) }]);
    expect(runs).toBe(2);
  });
});

describe('A ledger on PostgreSQL does not start', () => {
  const start = async (ledger: PiLedger<never>) => {
    try {
      await ledger.onModuleInit();
    } finally {
      await ledger.onApplicationShutdown();
    }
  };
  let database: Awaited<ReturnType<typeof createPostgres>>;
  beforeAll(async () => {
    database = await createPostgres();
  });
  afterAll(() => database.drop());
  const url = (change: Partial<URL>) => Object.assign(new URL(database.url), change).toString();

  it.each([
    ['a wrong password', () => ({ url: url({ password: 'guess' }) }), /refuses: password authentication failed/],
    ['a database that is not there', () => ({ url: url({ pathname: '/nowhere' }) }), /"nowhere" does not exist/],
    ['something that is no address', () => ({ url: 'localhost shop' }), /`ledger.url` is not a URL/],
  ])('on %s, saying so without the password', async (_, options, problem) => {
    const started = start(new PiLedger<never>(options()));
    await expect(started).rejects.toThrow(PiConfigurationError);
    await expect(started).rejects.toThrow(problem);
    await expect(started).rejects.not.toThrow(/guess|postgres:postgres/);
  });

  it("when the app's own transactions are on another database", async () => {
    const other = await createPostgres();
    const pool = new pg.Pool({ connectionString: other.url });
    const transactions = {
      run: async <T>(work: (query: PiQuery, handle: never) => Promise<T>) =>
        work((text, values) => pool.query(text, values as unknown[]) as never, undefined as never),
    };
    await expect(start(new PiLedger<never>({ url: database.url, transactions }))).rejects.toThrow(/another database/);
    await pool.end();
    await other.drop();
  });
});
