import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { createPgConfig } from '@electric-sql/pglite/node-postgres';
import pg from 'pg';
import { createPglite } from '../../../../test/support/database.js';
import { PiLedger } from './pi-ledger.js';

describe('An embedded ledger', () => {
  let database: Awaited<ReturnType<typeof createPglite>>;
  const opened: PiLedger[] = [];

  beforeEach(async () => {
    database = await createPglite();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((ledger) => ledger.onApplicationShutdown()));
    await database.drop();
  });

  const open = async () => {
    const ledger = new PiLedger(database.ledger);
    opened.push(ledger);
    return { ledger, ...(await ledger.open()) };
  };

  const crash = (ledger: PiLedger) =>
    // What a killed process leaves: the same folder, without the mark of an orderly end.
    ledger.onApplicationShutdown().then(() => rm(join(database.directory, 'closed')));

  it('keeps its rows over a restart, which loses nothing', async () => {
    const first = await open();
    await first.ledger.write(({ db }) =>
      db.insertInto('ad_claims').values({ app: '', ad_id: 'a', uid: 'u' }).execute(),
    );
    expect(first.commitsMissingBefore).toBeUndefined();
    await first.ledger.onApplicationShutdown();

    const second = await open();
    expect(second.commitsMissingBefore).toBeUndefined();
    expect(await second.ledger.read(({ db }) => db.selectFrom('ad_claims').select('ad_id').execute())).toEqual([
      { ad_id: 'a' },
    ]);
  }, 60_000);

  it('knows since when commits may be missing after a crash, also when it was restarted in order since', async () => {
    await crash((await open()).ledger);
    const before = Date.now();
    const afterCrash = await open();
    const missing = afterCrash.commitsMissingBefore!;
    expect(missing.getTime()).toBeGreaterThanOrEqual(before);
    await afterCrash.ledger.onApplicationShutdown();
    expect((await open()).commitsMissingBefore).toEqual(missing);
  }, 60_000);

  it('counts as a store that can lose commits', async () => {
    expect((await open()).canLoseCommits).toBe(true);
  }, 60_000);

  it('refuses to be opened twice, naming who has it', async () => {
    await open();
    await expect(open()).rejects.toThrow(/is open in this very process.*\n.*ledger\.url/s);
  }, 60_000);

  it("also works in the app's own pool over PGlite, which stays open", async () => {
    const pglite = await PGlite.create(join(database.directory, 'postgres'));
    const pool = new pg.Pool(createPgConfig(pglite) as pg.PoolConfig);
    const ledger = new PiLedger({ pool });
    const before = new Date();
    const { canLoseCommits, commitsMissingBefore, notifications } = await ledger.open();
    expect({ canLoseCommits, wakeUp: notifications.wakeUp }).toEqual({ canLoseCommits: true, wakeUp: 'in-process' });
    expect(commitsMissingBefore!.getTime()).toBeGreaterThanOrEqual(before.getTime());
    await ledger.transaction(async (tx) => {
      await ledger.write(({ query }) => query(`insert into pi.ad_claims (ad_id, uid) values ('a', 'u')`), tx);
    });
    await ledger.onApplicationShutdown();
    await expect(pool.query('select ad_id from pi.ad_claims')).resolves.toMatchObject({ rows: [{ ad_id: 'a' }] });
    await pool.end();
    await pglite.close();
  }, 60_000);

  it('says what to install when PGlite is missing', async () => {
    jest.resetModules();
    jest.doMock('@electric-sql/pglite', () => {
      throw new Error("Cannot find package '@electric-sql/pglite'");
    });
    const { embeddedInDirectory } = await import('./embedded-source.js');
    await expect(embeddedInDirectory(database.directory)).rejects.toThrow(/npm install @electric-sql\/pglite/);
    jest.dontMock('@electric-sql/pglite');
  });
});
