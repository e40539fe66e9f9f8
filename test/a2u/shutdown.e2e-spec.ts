import { PiUnavailableError } from 'nestjs-pi';
import { createPostgres } from '../support/database.js';
import { type Instance, PayoutWorld } from './payout-world.js';

/** Longer than a wait for news sleeps before it looks for itself. */
const LOOKS_MS = 2_500;

describe('An instance that shuts down while somebody waits for a payout', () => {
  let world: PayoutWorld;
  let app: Instance;
  let id: string;
  const nobodys: unknown[] = [];
  const hear = (error: unknown) => nobodys.push(error);

  beforeEach(async () => {
    world = await PayoutWorld.start(createPostgres, { ledgerMs: 'manual' });
    app = await world.instance();
    const uid = await world.pioneer();
    ({ id } = await app.payouts.pay({ idempotencyKey: 'wait', uid, amount: '1', memo: 'Wait' }));
    nobodys.length = 0;
    process.on('uncaughtException', hear).on('unhandledRejection', hear);
  }, 60_000);
  afterEach(async () => {
    process.off('uncaughtException', hear).off('unhandledRejection', hear);
    await world.stop();
  }, 30_000);

  it('tells whoever waits that it shuts down, and that the payout goes on', async () => {
    const told: Promise<unknown> = app.payouts.whenSettled(id).catch((error: unknown) => error);
    await app.stop();
    const error = await told;
    expect(error).toBeInstanceOf(PiUnavailableError);
    expect((error as Error).message).toMatch(new RegExp(`${id} is not settled yet.*shutting down.*goes on`));
    await expect(app.payouts.whenSettled(id)).rejects.toBeInstanceOf(PiUnavailableError);
  });

  it('ends in order when nobody listens any more', async () => {
    void app.payouts.whenSettled(id);
    await app.stop();
    await new Promise((resolve) => setTimeout(resolve, LOOKS_MS));
    expect(nobodys).toEqual([]);
  });
});
