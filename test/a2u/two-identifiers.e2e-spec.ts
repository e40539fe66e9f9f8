import { PiPayoutResolutionError } from 'nestjs-pi';
import type { PayoutResolution } from 'nestjs-pi';
import { Stage } from './history-stage.js';
import type { Instance } from './payout-world.js';

jest.setTimeout(60_000);

const by = 'amara@example.com';

/** A backup was put back without looking for what it does not know; the app asked again for what had been paid already. */
describe('A payout of which Pi holds two payments', () => {
  let stage: Stage;
  let ledgers: NodeJS.Timeout | undefined;
  let goOn = () => {};

  beforeEach(async () => {
    stage = await Stage.build([]);
  }, 30_000);
  afterEach(async () => {
    clearInterval(ledgers);
    goOn();
    await stage.end();
  }, 30_000);

  const closing = () => (ledgers = setInterval(() => stage.close(), 40));
  const refusal = (app: Instance, resolution: PayoutResolution) =>
    app.payouts.resolve(stage.id, resolution).then(
      () => Promise.reject(new Error('not refused')),
      (error: unknown) => error as PiPayoutResolutionError,
    );

  /** What had been paid, as Pi and the chain know it, and the lane that stands still over its second payment. */
  async function askedAgain(step: string) {
    const before = await stage.instance();
    await stage.pay(before);
    await stage.completed(before);
    const { identifier, txid } = await stage.look(before);
    await before.stop();
    // A backup knows nothing of tables that are append-only.
    await stage.sql(
      `set session_replication_role = replica`,
      `delete from pi.payout_attempts`,
      `delete from pi.payout_events`,
      `delete from pi.payouts`,
    );
    stage.forgetPayout();
    stage.nothingArrives();
    const { app, pause } = await stage.pausedInstance(step);
    goOn = () => pause.resume();
    await stage.pay(app);
    await pause.reached;
    const desk = await stage.world.instance({ idle: true });
    await desk.payouts.recover();
    expect(await stage.look(desk)).toMatchObject({ state: 'needs_review' });
    return { app, desk, paid: { identifier: identifier!, txid: txid! } };
  }

  it('is completed as the one that was paid, when a person says so, and the other one is cancelled', async () => {
    const { app, desk, paid } = await askedAgain('bound');
    const second = (await stage.look(desk)).identifier;
    expect(second).not.toBe(paid.identifier);
    expect((await stage.look(desk)).review).toMatchObject({ actions: ['paid', 'retry', 'abandon'] });
    const resolved = await desk.payouts.resolve(stage.id, { action: 'paid', txid: paid.txid, by });
    expect(resolved).toMatchObject({ state: 'paid', ...paid });
    goOn();
    closing();
    expect(await app.payouts.whenSettled(stage.id)).toMatchObject({ state: 'completed', ...paid });
    // Which it would block, were it left open.
    stage.adversary.calm();
    const next = await stage.pay(app, 'order-2');
    expect(await app.payouts.whenSettled(next.id)).toMatchObject({ state: 'completed' });
    expect(stage.world.pi.payments().find(({ status }) => status.cancelled)?.identifier).toBe(second);
    expect(stage.timesPaid()).toBe(1);
  });

  it.each(['retry', 'abandon'] as const)('is neither paid again nor given up by a mistaken "%s"', async (action) => {
    const { desk, paid } = await askedAgain('bound');
    const before = await stage.look(desk);
    const refused = await refusal(desk, { action, by });
    expect(refused).toBeInstanceOf(PiPayoutResolutionError);
    expect(refused.message).toContain(paid.txid);
    expect(await stage.look(desk)).toEqual(before);
  });

  it('is not completed as the first while the second may still be paid', async () => {
    const { app, desk, paid } = await askedAgain('submit_posted');
    const asPaid: PayoutResolution = { action: 'paid', txid: paid.txid, by };
    expect((await refusal(desk, asPaid)).message).toMatch(/may still apply/);
    expect((await stage.look(desk)).state).toBe('needs_review');
    stage.chain.advance(200);
    stage.close();
    expect(await desk.payouts.resolve(stage.id, asPaid)).toMatchObject({ state: 'paid', ...paid });
    goOn();
    closing();
    expect(await app.payouts.whenSettled(stage.id)).toMatchObject({ state: 'completed', ...paid });
    expect(stage.timesPaid()).toBe(1);
  });

  it.each([
    ['another payout', `update pi.payouts set idempotency_key = 'order-2'`],
    ['another amount', `update pi.payouts set stroops = stroops + 1`],
    ['another Pioneer', `update pi.payouts set uid = 'somebody-else'`],
    ['a payout of another database', `update pi.payout_instances set instance = 'another'`],
  ])('is not taken for paid by what paid %s, and may be abandoned', async (_title, change) => {
    const { paid } = await askedAgain('bound');
    await stage.sql(change);
    const desk = await stage.world.instance({ idle: true });
    expect((await refusal(desk, { action: 'paid', txid: paid.txid, by })).message).toMatch(/did not pay it/);
    expect((await stage.look(desk)).state).toBe('needs_review');
    expect(await desk.payouts.resolve(stage.id, { action: 'abandon', by })).toMatchObject({ state: 'cancelling' });
  });

  it('is not taken for paid by dust that a stranger sent with the memo of the other payment', async () => {
    const { desk, paid } = await askedAgain('bound');
    const { hash } = stage.adversary.dust({ to: stage.wallet.address, memo: paid.identifier });
    stage.close();
    expect((await refusal(desk, { action: 'paid', txid: hash, by })).message).toMatch(/did not pay it/);
    expect((await stage.look(desk)).state).toBe('needs_review');
  });
});
