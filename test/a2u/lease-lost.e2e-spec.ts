import { randomUUID } from 'node:crypto';
import { createPostgres, run } from '../support/database.js';
import { PayoutWorld } from './payout-world.js';

describe('A lane that loses its lease', () => {
  let url: string;
  let world: PayoutWorld;

  beforeAll(async () => {
    world = await PayoutWorld.start(async () => {
      const database = await createPostgres();
      ({ url } = database);
      return database;
    });
  }, 60_000);
  afterAll(() => world.stop(), 30_000);

  it('right after it noted a payment comes back, and tells Pi', async () => {
    let stolen = false;
    const app = await world.instance({
      inside: {
        // The other loops have come to wait for this payout by then.
        settings: { idleMs: 50 },
        onStep: async (step) => {
          if (step !== 'paid_committed' || stolen) return;
          stolen = true;
          await run(url, `update pi.leases set token = token + 1, holder = 'a thief', expires_at = now()`);
          // Until the lease is renewed next, and found to be gone.
          await new Promise((wake) => setTimeout(wake, 1_000));
        },
      },
    });
    const uid = await world.pioneer();
    const { id } = await app.payouts.pay({ idempotencyKey: randomUUID(), uid, amount: '0.5', memo: 'Stolen' });
    expect(await app.payouts.whenSettled(id, { timeoutMs: 45_000 })).toMatchObject({ state: 'completed' });
  }, 30_000);
});
