import { randomUUID } from 'node:crypto';
import { createPostgres } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { PayoutWorld } from './payout-world.js';

describe('A payout that Pi refuses to complete', () => {
  let world: PayoutWorld;

  beforeAll(async () => {
    world = await PayoutWorld.start(createPostgres);
  }, 60_000);
  afterAll(() => world.stop(), 30_000);

  it('goes to a person, and settles by itself when Pi takes it after all', async () => {
    const match = { method: 'POST', path: '/v2/payments/*/complete' };
    world.pi.addFault({ match, fault: 'error', status: 400, code: 'verification_failed' });
    const app = await world.instance();
    const uid = await world.pioneer();
    const { id } = await app.payouts.pay({ idempotencyKey: randomUUID(), uid, amount: '0.5', memo: 'Late' });
    const review = await app.payouts.whenSettled(id, { timeoutMs: 45_000 });
    expect(review).toMatchObject({ state: 'needs_review', review: { actions: ['retry', 'paid'] } });
    world.pi.clearFaults();
    const settled = await eventually(async () => {
      const payout = await app.payouts.get(id);
      return payout?.state === 'completed' ? payout : undefined;
    });
    expect(settled).toMatchObject({ txid: review.txid, attempts: [{ hash: review.txid }] });
    expect(world.pi.payment(review.identifier!).status.developer_completed).toBe(true);
  }, 30_000);
});
