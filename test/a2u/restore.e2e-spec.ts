import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { PayoutRequest } from 'nestjs-pi';
import { Stage } from './history-stage.js';
import type { Instance } from './payout-world.js';

jest.setTimeout(60_000);

/** A backup was put back, and the app asked before somebody called `recover()`: nothing of it is at Pi yet. */
describe('A payout that is asked for again after a restore', () => {
  let stage: Stage;
  let desk: Instance;
  let paid: { identifier: string; txid: string };

  beforeEach(async () => {
    stage = await Stage.build([], { wallets: 2 });
    const before = await stage.instance();
    await stage.pay(before);
    await stage.completed(before);
    const { identifier, txid } = await stage.look(before);
    paid = { identifier: identifier!, txid: txid! };
    await before.stop();
    await stage.loseAll();
    desk = await stage.world.instance({ idle: true });
  }, 60_000);
  afterEach(() => stage.end(), 30_000);

  const addressOf = (index: number) => stage.world.pi.wallets[index]!.address;
  const otherwise: readonly (readonly [string, RegExp, () => Promise<Partial<PayoutRequest>>])[] = [
    ['of another amount', /amount \(stroops\) is 15000000 at Pi/, async () => ({ amount: '2' })],
    ['for another Pioneer', /uid is .* at Pi/, async () => ({ uid: await stage.world.pioneer() })],
  ];

  it('is the one that was paid, at the wallet that paid it', async () => {
    const asked = await stage.pay(desk, 'order-1', { wallet: addressOf(1) });
    await desk.payouts.recover();
    expect(await stage.look(desk)).toMatchObject({ state: 'completed', wallet: addressOf(0), ...paid });
    // Whoever asked it of the other wallet may ask again.
    expect(await stage.pay(desk, 'order-1', { wallet: addressOf(1) })).toMatchObject({ id: asked.id });
    expect(stage.timesPaid()).toBe(1);
  });

  it('is the one that was paid also when it had ended unpaid, and tells of no reason', async () => {
    await stage.pay(desk);
    await stage.sql(`update pi.payouts set state = 'cancelled', reason = 'cancelled by the app'`);
    await desk.payouts.recover();
    const found = await stage.look(desk);
    expect(found).toMatchObject({ state: 'completed', ...paid });
    expect(found).not.toHaveProperty('reason');
  });

  it.each(otherwise)('%s fails, naming what was paid, and nothing more is paid', async (_title, difference, other) => {
    await stage.pay(desk, 'order-1', await other());
    await desk.payouts.recover();
    const failed = await stage.look(desk);
    expect(failed.state).toBe('failed');
    expect(failed.reason).toMatch(difference);
    for (const name of [paid.identifier, paid.txid]) expect(failed.reason).toContain(name);
    const app = await stage.instance();
    const next = await stage.pay(app, 'order-2');
    await stage.settleUntil(async () => (await app.payouts.get(next.id))!.state === 'completed');
    expect(await stage.look(app)).toEqual(failed);
    expect(stage.timesPaid()).toBe(1);
  });

  it.each(otherwise)('%s stays as it is when it has ended, but is spoken of', async (_title, difference, other) => {
    await stage.pay(desk, 'order-1', await other());
    await stage.sql(`update pi.payouts set state = 'cancelled', reason = 'cancelled by the app'`);
    const before = await stage.look(desk);
    const error = jest.spyOn(Logger.prototype, 'error');
    await desk.payouts.recover();
    const said = error.mock.calls.map(([message]) => String(message));
    error.mockRestore();
    expect(await stage.look(desk)).toEqual(before);
    expect(said).toEqual([expect.stringMatching(difference)]);
    expect(said[0]).toContain(paid.txid);
  });

  it('is met also while the app is still storing it', async () => {
    const asking = await stage.world.instance({ idle: true });
    const uid = await stage.uid();
    let recovered: Promise<void> | undefined;
    await asking.ledger.transaction(async (tx) => {
      const request = { idempotencyKey: 'order-1', uid, amount: '2', memo: 'History', wallet: addressOf(0) };
      await asking.payouts.pay(request, { tx });
      recovered = desk.payouts.recover();
      await sleep(300);
    });
    await recovered;
    expect(await desk.payouts.find('order-1')).toMatchObject({ state: 'failed' });
  });
});
