import { Logger } from '@nestjs/common';
import { drizzle } from 'drizzle-orm/node-postgres';
import { pgTable, text } from 'drizzle-orm/pg-core';
import knex from 'knex';
import { CompiledQuery, Kysely, PostgresDialect, type Transaction } from 'kysely';
import { PiLedger, typeormTransactions, type PiTransaction } from 'nestjs-pi';
import pg from 'pg';
import { DataSource, EntitySchema } from 'typeorm';
import { createPostgres, run } from '../support/database.js';

jest.setTimeout(20_000);

/** A library of the app's, and how a handler writes an order with it. */
interface Library {
  readonly ledger: PiLedger<never>;
  /** A transaction in which the library inserts order `id`, and then `rest` happens. */
  deliver(id: string, rest?: (tx: PiTransaction<unknown>) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** The same for every library: only the inserting differs. */
function library<Handle>(
  ledger: PiLedger<Handle>,
  insert: (tx: PiTransaction<Handle>, id: string) => Promise<unknown>,
  close: () => Promise<unknown> = async () => {},
): Library {
  return {
    ledger: ledger as PiLedger<never>,
    deliver: (id, rest = async () => {}) =>
      ledger.transaction(async (tx) => {
        await insert(tx, id);
        await rest(tx);
      }),
    close: async () => {
      await ledger.onApplicationShutdown();
      await close();
    },
  };
}

const orders = pgTable('orders', { id: text('id').primaryKey() });
const Order = new EntitySchema<{ id: string }>({
  name: 'Order',
  tableName: 'orders',
  columns: { id: { type: 'text', primary: true } },
});

const libraries: [string, (url: string) => Library | Promise<Library>][] = [
  [
    'tx.query',
    (url) => library(new PiLedger({ url }), (tx, id) => tx.query('insert into orders (id) values ($1)', [id])),
  ],
  [
    "pg, on the app's own pool",
    (connectionString) => {
      const pool = new pg.Pool({ connectionString });
      return library(
        new PiLedger({ pool }),
        (tx, id) => tx.handle.query('insert into orders (id) values ($1)', [id]),
        () => pool.end(),
      );
    },
  ],
  [
    'Drizzle',
    (url) =>
      library(new PiLedger<pg.PoolClient>({ url }), (tx, id) => drizzle(tx.handle).insert(orders).values({ id })),
  ],
  [
    'Knex',
    (url) => {
      const db = knex({ client: 'pg' });
      return library(
        new PiLedger({ url }),
        async (tx, id) => db('orders').insert({ id }).connection(tx.handle),
        () => db.destroy(),
      );
    },
  ],
  [
    'TypeORM',
    async (url) => {
      const dataSource = await new DataSource({ type: 'postgres', url, entities: [Order] }).initialize();
      return library(
        new PiLedger({ url, transactions: typeormTransactions(dataSource) }),
        (tx, id) => tx.handle.insert(Order, { id }),
        () => dataSource.destroy(),
      );
    },
  ],
  [
    'Kysely',
    (url) => {
      const pool = new pg.Pool({ connectionString: url });
      const db = new Kysely<{ orders: { id: string } }>({ dialect: new PostgresDialect({ pool }) });
      type Tx = Transaction<{ orders: { id: string } }>;
      const ledger = new PiLedger<Tx>({
        url,
        transactions: {
          run: (work) =>
            db
              .transaction()
              .execute((trx) =>
                work((text, values = []) => trx.executeQuery(CompiledQuery.raw(text, [...values])) as never, trx),
              ),
        },
      });
      return library(
        ledger,
        (tx, id) => tx.handle.insertInto('orders').values({ id }).execute(),
        () => db.destroy(),
      );
    },
  ],
];

describe.each(libraries)('A delivery written with %s', (_, open) => {
  let database: Awaited<ReturnType<typeof createPostgres>>;
  let app: Library;

  beforeAll(async () => {
    database = await createPostgres();
    await run(database.url, 'create table orders (id text primary key)');
    app = await open(database.url);
    await app.ledger.open();
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  /** What an outsider sees: committed orders, and ads claimed in the ledger. */
  const committed = async (id: string) => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query(
      `select (select count(*)::int from orders where id = $1) as orders,
              (select count(*)::int from pi.ad_claims where ad_id = $1) as claims`,
      [id],
    );
    await client.end();
    return rows[0] as unknown;
  };
  const claim = (id: string, tx: PiTransaction<unknown>) =>
    app.ledger.write(
      ({ db }) => db.insertInto('ad_claims').values({ app: '', ad_id: id, uid: 'u' }).returning('ad_id').execute(),
      tx,
    );

  it("commits together with the ledger's rows", async () => {
    await app.deliver('kept', async (tx) => {
      expect(await claim('kept', tx)).toEqual([{ ad_id: 'kept' }]);
      expect(await committed('kept')).toEqual({ orders: 0, claims: 0 });
    });
    expect(await committed('kept')).toEqual({ orders: 1, claims: 1 });
  });

  it('rolls back together with them', async () => {
    const failed = app.deliver('undone', async (tx) => {
      await claim('undone', tx);
      throw new Error('out of stock');
    });
    await expect(failed).rejects.toThrow('out of stock');
    expect(await committed('undone')).toEqual({ orders: 0, claims: 0 });
  });

  it('gets the rows of an update', async () => {
    await app.deliver('updated', async (tx) => {
      await claim('updated', tx);
      const updated = await app.ledger.write(
        ({ db }) =>
          db.updateTable('ad_claims').set({ uid: 'v' }).where('ad_id', '=', 'updated').returning('uid').execute(),
        tx,
      );
      expect(updated).toEqual([{ uid: 'v' }]);
    });
  });

  it('is not taken for committed when a statement failed and the handler swallowed that', async () => {
    const failed = app.deliver('swallowed', async (tx) => {
      await tx.query('select 1 / 0').catch(() => {});
    });
    await expect(failed).rejects.toThrow(/rolled everything back/);
    expect(await committed('swallowed')).toEqual({ orders: 0, claims: 0 });
  });

  it('does what is left for after the commit then, and only then', async () => {
    const seen: unknown[] = [];
    const done = new Promise<void>((resolve) => {
      void app.deliver('after', async (tx) => {
        tx.afterCommit(async () => {
          seen.push(await committed('after'));
          resolve();
        });
        expect(seen).toEqual([]);
      });
    });
    await done;
    expect(seen).toEqual([{ orders: 1, claims: 0 }]);
  });

  it('forgets it after a rollback, and only logs its failure', async () => {
    const log = jest.spyOn(Logger.prototype, 'error').mockImplementation();
    const work = jest.fn();
    await app
      .deliver('never', async (tx) => {
        tx.afterCommit(work);
        throw new Error('no');
      })
      .catch(() => {});
    await app.deliver('logged', async (tx) =>
      tx.afterCommit(() => {
        throw new Error('mail server down');
      }),
    );
    await new Promise(setImmediate);
    expect(work).not.toHaveBeenCalled();
    expect(log).toHaveBeenCalledWith(
      expect.stringMatching(/after a commit.*mail server down/),
      expect.stringContaining('transactions.spec'),
    );
    expect(await committed('logged')).toEqual({ orders: 1, claims: 0 });
    log.mockRestore();
  });

  it('cannot use its transaction when it is over', async () => {
    let kept!: PiTransaction<unknown>;
    await app.deliver('over', async (tx) => {
      kept = tx;
    });
    await expect(kept.query('select 1')).rejects.toThrow(/after it had ended/);
    await expect(claim('over', kept)).rejects.toThrow(/after it had ended/);
    expect(() => kept.afterCommit(() => {})).toThrow(/after it had ended/);
  });

  it('has its news delivered with the commit, and not after a rollback', async () => {
    const heard: unknown[] = [];
    const stop = await app.ledger.listen('news', (payload) => heard.push(payload), { pollMs: 60_000 });
    await app.deliver('told', (tx) => app.ledger.write((session) => session.notify('news', 'told'), tx));
    const failed = app.deliver('untold', async (tx) => {
      await app.ledger.write((session) => session.notify('news', 'untold'), tx);
      throw new Error('no');
    });
    await failed.catch(() => {});
    expect(heard.filter(Boolean)).toEqual(['told']);
    stop();
  });
});
