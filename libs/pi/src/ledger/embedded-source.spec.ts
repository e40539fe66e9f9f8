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

  it('keeps its rows over a restart, and knows whether it was closed in order', async () => {
    const first = await open();
    expect(first.source.uncleanStart).toBe(false);
    await first.ledger.write(({ db }) =>
      db.insertInto('ad_claims').values({ app: '', ad_id: 'a', uid: 'u' }).execute(),
    );
    await first.ledger.onApplicationShutdown();

    const second = await open();
    expect(second.source.uncleanStart).toBe(false);
    expect(await second.ledger.read(({ db }) => db.selectFrom('ad_claims').select('ad_id').execute())).toEqual([
      { ad_id: 'a' },
    ]);
  }, 60_000);

  it('counts as a store that can lose commits', async () => {
    expect((await open()).canLoseCommits).toBe(true);
  }, 60_000);

  it('refuses to be opened twice, naming who has it', async () => {
    await open();
    await expect(open()).rejects.toThrow(/is open in this very process.*\n.*ledger\.url/s);
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
