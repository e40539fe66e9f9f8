import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { type PayoutResolution, PiPayoutResolutionError } from 'nestjs-pi';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
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
    stage = await Stage.build([], { wallets: 2 });
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
  async function askedAgain(step: string, recover = (desk: Instance) => desk.payouts.recover()) {
    const before = await stage.instance();
    await stage.pay(before);
    await stage.completed(before);
    const { identifier, txid } = await stage.look(before);
    await before.stop();
    await stage.loseAll();
    stage.nothingArrives();
    const { app, pause } = await stage.pausedInstance(step);
    goOn = () => pause.resume();
    await stage.pay(app);
    await pause.reached;
    const desk = await stage.world.instance({ idle: true });
    await recover(desk);
    expect(await stage.look(desk)).toMatchObject({ state: 'needs_review' });
    return { app, desk, paid: { identifier: identifier!, txid: txid! } };
  }

  it('is completed as the one that was paid, when a person says so, and the other one is cancelled', async () => {
    const { app, desk, paid } = await askedAgain('turn_taken');
    const second = (await stage.look(desk)).identifier;
    expect(second).not.toBe(paid.identifier);
    expect((await stage.look(desk)).review).toMatchObject({ actions: ['paid', 'abandon'] });
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

  it('is found by recover() also when its lane moves it at that very moment', async () => {
    const { desk } = await askedAgain('turn_taken', async (desk) => {
      const lane = new pg.Client({ connectionString: (stage.world.database.ledger as { url: string }).url });
      await lane.connect();
      await lane.query('begin');
      await lane.query(`update pi.payouts set state = 'signed'`);
      const recovered = desk.payouts.recover();
      await sleep(300);
      await lane.query('commit');
      await lane.end();
      await recovered;
    });
    expect((await stage.look(desk)).state).toBe('needs_review');
  });

  it('is neither paid again by a "retry" nor given up by a mistaken "abandon"', async () => {
    const { desk, paid } = await askedAgain('turn_taken');
    const before = await stage.look(desk);
    const refused = [await refusal(desk, { action: 'retry', by }), await refusal(desk, { action: 'abandon', by })];
    for (const error of refused) expect(error).toBeInstanceOf(PiPayoutResolutionError);
    expect(refused[0]!.message).toMatch(/it may be paid, abandon/);
    expect(refused[1]!.message).toContain(paid.txid);
    expect(await stage.look(desk)).toEqual(before);
  });

  it('is completed by the hash as the chain writes it, however it was typed, and tells of no reason to give it up', async () => {
    const { desk, paid } = await askedAgain('turn_taken');
    await stage.sql(`update pi.payouts set reason = 'of an earlier decision'`);
    const resolved = await desk.payouts.resolve(stage.id, { action: 'paid', txid: paid.txid.toUpperCase(), by });
    expect(resolved.txid).toBe(paid.txid);
    expect(resolved).not.toHaveProperty('reason');
  });

  it.each(['turn_taken', 'attempt_signed', 'submit_posted'])(
    'is left alone by a lane that was at work on it (%s), without a word',
    async (step) => {
      const error = jest.spyOn(Logger.prototype, 'error');
      const { app, desk } = await askedAgain(step);
      const before = await stage.look(desk);
      goOn();
      const next = await stage.pay(app, 'order-2', { uid: await stage.world.pioneer() });
      await eventually(async () => (await app.payouts.get(next.id))!.state !== 'requested');
      expect(await stage.look(app)).toEqual(before);
      const said = error.mock.calls.map(([message]) => String(message));
      error.mockRestore();
      expect(said).toEqual([expect.stringContaining('its key was used for')]);
    },
  );

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
    ['another amount', `stroops = stroops + 1`],
    ['another Pioneer', `uid = 'somebody-else'`],
  ])('is not taken for paid by a payment of %s, nor paid as well, but may be abandoned', async (_title, change) => {
    const { desk, paid } = await askedAgain('turn_taken');
    await stage.sql(`update pi.payouts set ${change}`);
    const { message } = await refusal(desk, { action: 'paid', txid: paid.txid, by });
    expect(message).toMatch(new RegExp(`did not pay it, but ${paid.identifier} of the same key: .* has to be `));
    expect((await stage.look(desk)).state).toBe('needs_review');
    expect(await desk.payouts.resolve(stage.id, { action: 'abandon', by })).toMatchObject({ state: 'cancelling' });
    // Whoever abandoned it has decided.
    await desk.payouts.recover();
    expect(await stage.look(desk)).toMatchObject({
      state: expect.stringMatching(/^cancell(ing|ed)$/) as string,
      reason: `abandoned by ${by}`,
    });
  });

  it('is not abandoned while an attempt that a crash has lost may still pay it', async () => {
    await askedAgain('turn_taken');
    await stage.sql(`update pi.payouts set stroops = stroops + 1`);
    const desk = await stage.world.instance({ idle: true, inside: { canLoseCommits: true } });
    const open = desk.ledger.open.bind(desk.ledger);
    const commitsMissingBefore = new Date();
    jest.spyOn(desk.ledger, 'open').mockImplementation(async () => ({ ...(await open()), commitsMissingBefore }));
    expect((await refusal(desk, { action: 'abandon', by })).message).toMatch(/lost when the database crashed/);
    stage.chain.advance(800);
    stage.close();
    expect(await desk.payouts.resolve(stage.id, { action: 'abandon', by })).toMatchObject({ state: 'cancelling' });
  });

  it.each([
    ['payout', `update pi.payouts set idempotency_key = 'order-2'`],
    ['database', `update pi.payout_instances set instance = 'another'`],
  ])('is not taken for paid by what paid for another %s', async (_title, change) => {
    const { paid } = await askedAgain('turn_taken');
    await stage.sql(change);
    const desk = await stage.world.instance({ idle: true });
    expect((await refusal(desk, { action: 'paid', txid: paid.txid, by })).message).toMatch(/did not pay it/);
    expect((await stage.look(desk)).state).toBe('needs_review');
  });

  it('stays in review at an "abandon" while Horizon does not show what it has shown', async () => {
    const { desk, paid } = await askedAgain('turn_taken');
    stage.adversary.hide({ hash: paid.txid });
    expect((await refusal(desk, { action: 'abandon', by })).message).toContain(paid.txid);
    expect((await stage.look(desk)).state).toBe('needs_review');
  });

  describe('and which is asked of another wallet now', () => {
    const addressOf = (index: number) => stage.world.pi.wallets[index]!.address;
    const askedOfAnother = async () => {
      const { app, desk, paid } = await askedAgain('turn_taken');
      await stage.sql(`update pi.payouts set wallet = '${addressOf(1)}', baseline = null`);
      return { app, desk, asPaid: { action: 'paid', txid: paid.txid, by } as const };
    };

    it('goes back to the wallet that paid it', async () => {
      const { desk, asPaid } = await askedOfAnother();
      expect((await refusal(desk, { action: 'abandon', by })).message).toContain(asPaid.txid);
      expect(await desk.payouts.resolve(stage.id, asPaid)).toMatchObject({ state: 'paid', wallet: addressOf(0) });
      expect(await stage.pay(desk, 'order-1', { wallet: addressOf(1) })).toMatchObject({ id: stage.id });
      const lanes = await stage.instance();
      expect(await lanes.payouts.whenSettled(stage.id)).toMatchObject({ state: 'completed', txid: asPaid.txid });
      expect(stage.timesPaid()).toBe(1);
    });

    it('stays in review while the app does not have that wallet', async () => {
      const { asPaid } = await askedOfAnother();
      const without = await stage.world.instance({ idle: true, wallets: [1] });
      expect((await refusal(without, asPaid)).message).toMatch(/not among the option `wallets`/);
      expect((await stage.look(without)).state).toBe('needs_review');
    });
  });

  it('is not taken for paid by dust that a stranger sent with the memo of the other payment', async () => {
    const { desk, paid } = await askedAgain('turn_taken');
    const { hash } = stage.adversary.dust({ to: stage.wallet.address, memo: paid.identifier });
    stage.close();
    expect((await refusal(desk, { action: 'paid', txid: hash, by })).message).toMatch(/did not pay it/);
    expect((await stage.look(desk)).state).toBe('needs_review');
  });
});
