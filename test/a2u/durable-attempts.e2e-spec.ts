import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { createPostgres, run } from '../support/database.js';
import { PayoutWorld } from './payout-world.js';

describe('On a PostgreSQL that answers commits before they are on disk', () => {
  let url: string;
  let world: PayoutWorld;

  beforeAll(async () => {
    world = await PayoutWorld.start(async () => {
      const database = await createPostgres();
      ({ url } = database);
      await run(url, `alter database ${new URL(url).pathname.slice(1)} set synchronous_commit = off`);
      return database;
    });
  }, 60_000);
  afterAll(() => world.stop(), 30_000);

  it('an attempt is on disk before it is sent', async () => {
    const app = await world.instance();
    await run(
      url,
      'create table pi.seen (at_commit text)',
      `create function pi.see() returns trigger language plpgsql as
         $$ begin insert into pi.seen values (current_setting('synchronous_commit')); return null; end $$`,
      `create constraint trigger see after insert on pi.payout_attempts
         deferrable initially deferred for each row execute function pi.see()`,
    );
    const uid = await world.pioneer();
    const { id } = await app.payouts.pay({ idempotencyKey: randomUUID(), uid, amount: '0.5', memo: 'Durable' });
    expect(await app.payouts.whenSettled(id, { timeoutMs: 45_000 })).toMatchObject({ state: 'completed' });
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query('select at_commit from pi.seen');
    await client.end();
    expect(rows).toEqual([{ at_commit: 'on' }]);
  }, 30_000);
});
