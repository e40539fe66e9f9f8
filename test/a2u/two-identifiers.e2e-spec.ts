import { setTimeout as sleep } from 'node:timers/promises';
import { PiAmount, PiPayoutResolutionError } from 'nestjs-pi';
import type { PayoutResolution } from 'nestjs-pi';
import pg from 'pg';
import { seedSigner } from '../../libs/pi/src/a2u/seed-signer.js';
import { signPayout } from '../../libs/pi/src/a2u/payout-transaction.js';
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
    await recover(desk);
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

  it('is found by recover() also when its lane moves it at that very moment', async () => {
    const { desk } = await askedAgain('bound', async (desk) => {
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
    ['another amount', `stroops = stroops + 1`],
    ['another Pioneer', `uid = 'somebody-else'`],
  ])('is not taken for paid by a payment of %s, nor paid as well, but may be abandoned', async (_title, change) => {
    const { desk, paid } = await askedAgain('bound');
    await stage.sql(`update pi.payouts set ${change}`);
    const { message } = await refusal(desk, { action: 'paid', txid: paid.txid, by });
    expect(message).toMatch(new RegExp(`did not pay it, but ${paid.identifier} of the same key: .* has to be `));
    expect((await refusal(desk, { action: 'retry', by })).message).toContain(paid.txid);
    expect((await stage.look(desk)).state).toBe('needs_review');
    expect(await desk.payouts.resolve(stage.id, { action: 'abandon', by })).toMatchObject({ state: 'cancelling' });
  });

  it('is not abandoned while an attempt that a crash has lost may still pay it', async () => {
    await askedAgain('bound');
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
    const { paid } = await askedAgain('bound');
    await stage.sql(change);
    const desk = await stage.world.instance({ idle: true });
    expect((await refusal(desk, { action: 'paid', txid: paid.txid, by })).message).toMatch(/did not pay it/);
    expect((await stage.look(desk)).state).toBe('needs_review');
  });

  it.each(['retry', 'abandon'] as const)(
    'stays in review at a "%s" while Horizon does not show what it has shown',
    async (action) => {
      const { desk, paid } = await askedAgain('bound');
      stage.adversary.hide({ hash: paid.txid });
      expect((await refusal(desk, { action, by })).message).toContain(paid.txid);
      expect((await stage.look(desk)).state).toBe('needs_review');
    },
  );

  describe('and which is asked of another wallet now', () => {
    const addressOf = (index: number) => stage.world.pi.wallets[index]!.address;
    const askedOfAnother = async () => {
      const { app, desk, paid } = await askedAgain('bound');
      await stage.sql(`update pi.payouts set wallet = '${addressOf(1)}', baseline = null`);
      return { app, desk, asPaid: { action: 'paid', txid: paid.txid, by } as const };
    };

    it('goes back to the wallet that paid it', async () => {
      const { desk, asPaid } = await askedOfAnother();
      expect((await refusal(desk, { action: 'retry', by })).message).toContain(asPaid.txid);
      expect((await refusal(desk, { action: 'abandon', by })).message).toContain(asPaid.txid);
      expect(await desk.payouts.resolve(stage.id, asPaid)).toMatchObject({ state: 'paid', wallet: addressOf(0) });
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
    const { desk, paid } = await askedAgain('bound');
    const { hash } = stage.adversary.dust({ to: stage.wallet.address, memo: paid.identifier });
    stage.close();
    expect((await refusal(desk, { action: 'paid', txid: hash, by })).message).toMatch(/did not pay it/);
    expect((await stage.look(desk)).state).toBe('needs_review');
  });

  describe('of which the second was paid by what this database has lost', () => {
    /** Two instances have each created a payment of the key: the first is completed, the second is open at Pi, and paid. */
    async function secondPaid() {
      const { app: slow, pause } = await stage.pausedInstance('admitted');
      await stage.pay(slow);
      await pause.reached;
      await stage.stealLease();
      const app = await stage.instance();
      await stage.completed(app);
      pause.resume();
      await eventually(() => stage.world.pi.payments().length > 1, { withinMs: 60_000 });
      await slow.stop();
      const second = stage.world.pi.payments().find(({ status }) => !status.developer_completed)!;
      closing();
      const hash = await payByHand(second);
      return { app, second: second.identifier, hash };
    }

    async function payByHand({
      identifier,
      to_address,
      network,
      amount,
    }: {
      identifier: string;
      to_address: string;
      network: string;
      amount: number;
    }) {
      const { wallet, chain } = stage;
      const signed = await signPayout(
        {
          passphrase: network,
          wallet: wallet.address,
          destination: to_address,
          stroops: PiAmount.of(amount).stroops,
          identifier,
          sequence: chain.account(wallet.address)!.sequence + 1n,
          maxTime: 2 ** 32,
          fee: 100_000n,
        },
        await seedSigner(wallet.seed),
      );
      await fetch(`${stage.world.pi.horizonUrl}/transactions`, {
        method: 'POST',
        body: new URLSearchParams({ tx: signed.envelope }),
      });
      return signed.hash;
    }

    it('has it completed at Pi as well, where it would be in the way of the next one', async () => {
      const { app, second, hash } = await secondPaid();
      const next = await stage.pay(app, 'order-2');
      expect(await app.payouts.whenSettled(next.id)).toMatchObject({ state: 'completed' });
      const payment = stage.world.pi.payments().find(({ identifier }) => identifier === second);
      expect(payment).toMatchObject({ status: { developer_completed: true }, transaction: { txid: hash } });
      expect(await stage.look(app)).toMatchObject({ state: 'completed' });
    });

    it('comes before a person when it counts as cancelled', async () => {
      const { app, hash } = await secondPaid();
      await stage.sql(`update pi.payouts set state = 'cancelled', txid = null`);
      await stage.pay(app, 'order-2');
      await eventually(async () => (await stage.look(app)).state === 'needs_review');
      for (const action of ['retry', 'abandon'] as const)
        expect((await refusal(app, { action, by })).message).toContain(hash);
    });
  });
});
