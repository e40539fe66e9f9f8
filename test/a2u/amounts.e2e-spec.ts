import { randomUUID } from 'node:crypto';
import { createPostgres } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { PayoutWorld } from './payout-world.js';

describe('Amounts that no JSON number holds', () => {
  let world: PayoutWorld;

  beforeEach(async () => {
    world = await PayoutWorld.start(createPostgres, { ledgerMs: 50 });
  }, 30_000);
  afterEach(() => world.stop(), 30_000);

  const request = async (idempotencyKey: string, amount: string) => ({
    idempotencyKey,
    uid: await world.pioneer(),
    amount,
    memo: 'Amounts',
  });

  /** Somebody else's, of the same app; written as it is. */
  async function createAtPi(amount: string, metadata: object): Promise<Response> {
    const payment = JSON.stringify({ memo: 'Much', metadata, uid: await world.pioneer() });
    return fetch(`${world.pi.platformUrl}/payments`, {
      method: 'POST',
      headers: { authorization: `Key ${world.pi.apiKey}`, 'content-type': 'application/json' },
      body: `{"payment":{"amount":${amount},${payment.slice(1)}}`,
    });
  }

  it.each(['600000000.0000003', '900719925.4740993', '922337203685.4775807'])(
    'are refused when a payout of %s Pi is asked for, because Pi would answer with another amount',
    async (amount) => {
      const app = await world.instance({ idle: true });
      await expect(app.payouts.pay(await request('much', amount))).rejects.toMatchObject({
        code: 'PI_PAYOUT_INVALID',
        field: 'amount',
        message: expect.stringContaining(amount) as string,
      });
      expect(await app.payouts.find('much')).toBeUndefined();
    },
  );

  it.each(['536870912', '900719925', '536870911.9999999'])('do not include %s Pi', async (amount) => {
    const app = await world.instance({ idle: true });
    expect(await app.payouts.pay(await request('much', amount))).toMatchObject({ state: 'requested' });
  });

  it('end a payout that was stored all the same, and others are paid', async () => {
    const app = await world.instance({ idle: true });
    const { id } = await app.payouts.pay(await request('much', '1'));
    await app.ledger.write(({ query }) => query('update pi.payouts set stroops = 9007199254740993'));
    const lane = await world.instance();
    const next = await lane.payouts.pay(await request('next', '1'));
    expect(await lane.payouts.whenSettled(next.id, { timeoutMs: 30_000 })).toMatchObject({ state: 'completed' });
    expect(await lane.payouts.whenSettled(id, { timeoutMs: 30_000 })).toMatchObject({ state: 'failed' });
    expect(world.paid()).toHaveLength(1);
  });

  it('hold up nobody when Pi lists such a payment of somebody else', async () => {
    expect((await createAtPi('900719925.4740993', { theirs: 1 })).status).toBe(200);
    const app = await world.instance();
    const { id } = await app.payouts.pay(await request('order', '1'));
    expect(await app.payouts.whenSettled(id, { timeoutMs: 45_000 })).toMatchObject({ state: 'completed' });
  });

  it('park the payout whose own payment Pi lists so: it is not created again', async () => {
    const idle = await world.instance({ idle: true });
    const { id } = await idle.payouts.pay(await request('own', '1'));
    const { rows } = await idle.ledger.read(({ query }) =>
      query<{ instance: string }>('select instance from pi.payout_instances'),
    );
    const metadata = { nestjs_pi_key: 'own', nestjs_pi_instance: rows[0]!.instance };
    await createAtPi('900719925.4740993', metadata);
    await createAtPi('900719925.4740993', { ...metadata, nestjs_pi_instance: randomUUID() });
    const app = await world.instance();
    await eventually(async () => /cannot be read/.test((await app.payouts.get(id))!.parked ?? ''));
    const next = await app.payouts.pay(await request('next', '1'));
    expect(await app.payouts.whenSettled(next.id, { timeoutMs: 45_000 })).toMatchObject({ state: 'completed' });
    expect(await app.payouts.get(id)).toMatchObject({ state: 'requested' });
    expect(world.pi.payments()).toHaveLength(3);
  });
});
