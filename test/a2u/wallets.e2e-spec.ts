import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { Payout } from 'nestjs-pi';
import { createPostgres } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { type Instance, PayoutWorld } from './payout-world.js';

const SETTLE = { timeoutMs: 50_000 };

describe('Payouts of several wallets', () => {
  let world: PayoutWorld;

  beforeAll(async () => {
    world = await PayoutWorld.start(createPostgres, { wallets: 8 });
  }, 60_000);
  afterEach(() => world.stopInstances());
  afterAll(() => world.stop(), 30_000);

  const addressOf = (index: number): string => world.pi.wallets[index]!.address;
  /** The emulated Pi pays from whichever wallet the metadata names first: here not the one that was asked for. */
  const paidFrom = (index: number) => ({ chosen_by_pi: addressOf(index) });
  const request = async (wallet: number, metadata?: Record<string, string>) => ({
    idempotencyKey: randomUUID(),
    uid: await world.pioneer(),
    amount: '0.25',
    memo: 'Lanes',
    wallet: addressOf(wallet),
    ...(metadata && { metadata }),
  });
  const parkedAs = (app: Instance, id: string, why: RegExp): Promise<Payout | undefined> =>
    eventually(async () => {
      const payout = await app.payouts.get(id);
      return why.test(payout?.parked ?? '') ? payout : undefined;
    });
  const sourceOf = (txid: string): string => world.pi.transactions().find(({ hash }) => hash === txid)!.sourceAccount;

  it('have to name one', async () => {
    const app = await world.instance({ idle: true });
    const { wallet: _, ...nameless } = await request(0);
    await expect(app.payouts.pay(nameless)).rejects.toMatchObject({ field: 'wallet' });
  });

  it('leave from the wallet that Pi chose, once each', async () => {
    const app = await world.instance();
    const requests = await Promise.all(Array.from({ length: 16 }, (_, i) => request(i % 8, paidFrom((i * 3 + 1) % 8))));
    const asked = await Promise.all(requests.map((each) => app.payouts.pay(each)));
    const settled = await Promise.all(asked.map(({ id }) => app.payouts.whenSettled(id, SETTLE)));
    for (const [i, payout] of settled.entries()) {
      const chosen = addressOf((i * 3 + 1) % 8);
      expect(payout).toMatchObject({ state: 'completed', wallet: chosen });
      expect(sourceOf(payout.txid!)).toBe(chosen);
      expect(world.paid().filter(({ identifier }) => identifier === payout.identifier)).toHaveLength(1);
    }
    expect(await app.payouts.pay(requests[0]!)).toMatchObject({ id: asked[0]!.id, state: 'completed' });
    await expect(app.payouts.pay({ ...requests[0]!, wallet: addressOf(5) })).rejects.toMatchObject({
      fields: ['wallet'],
    });
  }, 60_000);

  it('do not move to a wallet whose limits they would break', async () => {
    const app = await world.instance({ wallet: { payoutLimit: '0.2' }, idle: true });
    const { id } = await app.payouts.pay(await request(0, paidFrom(1)));
    await app.stop();
    // The wallet it was asked from lets it past, before the limit is set.
    const before = await world.instance({ wallets: [0] });
    const parked = await parkedAs(before, id, /add that wallet/);
    expect(parked).toMatchObject({ state: 'created', wallet: addressOf(0), attempts: [] });
    await before.stop();
    const after = await world.instance({ wallet: { payoutLimit: '0.2' } });
    await parkedAs(after, id, /more than one payout/);
    await after.stop();
    const lifted = await world.instance();
    expect(await lifted.payouts.whenSettled(id, SETTLE)).toMatchObject({ state: 'completed', wallet: addressOf(1) });
  }, 60_000);

  it('wait, unsigned, while Pi pays them from a wallet that is not configured, and say so', async () => {
    const app = await world.instance({ wallets: [2] });
    const { id } = await app.payouts.pay(await request(2, paidFrom(3)));
    const parked = await parkedAs(app, id, /add that wallet/);
    expect(parked).toMatchObject({ state: 'created', attempts: [] });
    expect(parked!.parked).toContain(addressOf(3));
    await app.stop();
    const both = await world.instance({ wallets: [2, 3] });
    expect(await both.payouts.whenSettled(id, SETTLE)).toMatchObject({ state: 'completed', wallet: addressOf(3) });
  }, 60_000);

  it('are spoken of at boot when their wallet is left out of the options', async () => {
    const asking = await world.instance({ idle: true });
    const { id } = await asking.payouts.pay(await request(6));
    await asking.stop();
    Logger.overrideLogger(['error']);
    const errors = jest.spyOn(Logger.prototype, 'error').mockImplementation();
    const app = await world.instance({ wallets: [7] });
    expect(errors.mock.calls.flat().join('\n')).toContain(addressOf(6));
    errors.mockRestore();
    Logger.overrideLogger(false);
    await expect(app.payouts.resolve(id, { action: 'retry', by: 'me' })).rejects.toThrow(addressOf(6));
    await app.stop();
    const again = await world.instance();
    expect(await again.payouts.whenSettled(id, SETTLE)).toMatchObject({ state: 'completed' });
  }, 60_000);
});
