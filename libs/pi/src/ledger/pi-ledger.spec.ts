import { databases, type TestDatabase } from '../../../../test/support/database.js';
import { PiConfigurationError } from '../errors/index.js';
import type { LedgerSession } from './ledger-session.js';
import { PiLedger } from './pi-ledger.js';

describe.each(databases)('PiLedger on $name', ({ create }) => {
  let database: TestDatabase;
  let ledger: PiLedger;

  beforeAll(async () => {
    database = await create();
    ledger = new PiLedger(database.ledger);
    await ledger.open();
  }, 60_000);

  afterAll(async () => {
    await ledger.onApplicationShutdown();
    await database.drop();
  });

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
