import type { PiEmulator } from 'pi-emulator';
import { PiAmount } from 'nestjs-pi';
import { seedSigner } from '../../libs/pi/src/a2u/seed-signer.js';
import { signPayout } from '../../libs/pi/src/a2u/payout-transaction.js';
import { eventually } from '../support/eventually.js';
import { Stage } from './history-stage.js';
import type { Instance } from './payout-world.js';

jest.setTimeout(60_000);

const by = 'amara@example.com';

type Payment = ReturnType<PiEmulator['payment']>;

/** The same key and instance have paid it from another database, or from what this one has lost. */
describe('A second payment of a key, open at Pi and paid', () => {
  let stage: Stage;
  let ledgers: NodeJS.Timeout | undefined;

  beforeEach(async () => {
    stage = await Stage.build([], { wallets: 2 });
  }, 30_000);
  afterEach(async () => {
    clearInterval(ledgers);
    await stage.end();
  }, 30_000);

  const closing = () => (ledgers = setInterval(() => stage.close(), 40));
  const payment = (identifier: string) => stage.world.pi.payment(identifier);
  const refusalOf = (decision: Promise<unknown>) =>
    decision.then(
      () => Promise.reject(new Error('not refused')),
      ({ message }: Error) => message,
    );
  const events = async (app: Instance, kind: string, detail: string) => {
    const { rows } = await app.ledger.read(({ query }) =>
      query(`select 1 from pi.payout_events where kind = $1 and detail like $2`, [kind, `${detail}%`]),
    );
    return rows.length;
  };

  /** Whoever begins with the lane looks at what is open at Pi, before it creates the next payment. */
  async function looksAgain(key: string, uid?: string): Promise<Instance> {
    await stage.world.stopInstances();
    const app = await stage.instance();
    const { id } = await stage.pay(app, key, uid === undefined ? {} : { uid });
    expect(await app.payouts.whenSettled(id)).toMatchObject({ state: 'completed' });
    return app;
  }

  async function payByHand({ identifier, to_address, network, amount }: Payment): Promise<string> {
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

  describe('beside the first, which was paid as well', () => {
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
      return { app, second: second.identifier, hash: await payByHand(second) };
    }

    it('is completed at Pi as well, where it would be in the way of the next one', async () => {
      const { app, second, hash } = await secondPaid();
      const next = await stage.pay(app, 'order-2');
      expect(await app.payouts.whenSettled(next.id)).toMatchObject({ state: 'completed' });
      expect(payment(second)).toMatchObject({ status: { developer_completed: true }, transaction: { txid: hash } });
      expect(await stage.look(app)).toMatchObject({ state: 'completed' });
    });

    it('takes nothing from what recover() finds in review with a payment of its own', async () => {
      await secondPaid();
      await stage.world.stopInstances();
      await stage.sql(`update pi.payouts set state = 'needs_review', review = 'complete_refused'`);
      const desk = await stage.world.instance({ idle: true });
      const before = await stage.look(desk);
      await desk.payouts.recover();
      expect(await stage.look(desk)).toEqual(before);
    });
  });

  describe('of a payout that was cancelled', () => {
    /** A payment with the metadata of the first, made where this database does not know of. */
    async function givenUpAndPaid({ amount = 1.5, wallet = 0 } = {}) {
      const { app, pause } = await stage.pausedInstance('create_posted');
      await stage.pay(app);
      await pause.reached;
      await app.payouts.cancel(stage.id);
      pause.resume();
      expect(await stage.settle(app)).toMatchObject({ state: 'cancelled', reason: 'cancelled by the app' });
      const { pi } = stage.world;
      const { metadata } = pi.payments()[0]!;
      const answer = await fetch(`${pi.platformUrl}/payments`, {
        method: 'POST',
        headers: { authorization: `Key ${pi.apiKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({ payment: { uid: await stage.uid(), amount, memo: 'Again', metadata } }),
      });
      const second = (await answer.json()) as Payment;
      closing();
      const hash = await payByHand(second);
      await stage.sql(`update pi.payouts set wallet = '${pi.wallets[wallet]!.address}'`);
      return { second: second.identifier, hash };
    }

    it.each([
      ['', 0],
      [', though it is at another wallet', 1],
    ])('is completed at Pi, and the payout comes before a person%s', async (_title, wallet) => {
      const { second, hash } = await givenUpAndPaid({ wallet });
      const app = await looksAgain('order-2');
      expect(payment(second)).toMatchObject({ status: { developer_completed: true }, transaction: { txid: hash } });
      const asked = await stage.look(app);
      expect(asked).toMatchObject({ state: 'needs_review', review: { actions: ['paid', 'abandon'] } });
      expect(asked).not.toHaveProperty('reason');
      expect(await refusalOf(app.payouts.resolve(stage.id, { action: 'retry', by }))).toMatch(/may be paid, abandon/);
      expect(await refusalOf(app.payouts.resolve(stage.id, { action: 'abandon', by }))).toContain(hash);
      await app.payouts.resolve(stage.id, { action: 'paid', txid: hash, by });
      await eventually(async () => (await stage.look(app)).state === 'completed');
      expect(await stage.look(app)).toMatchObject({ identifier: second, txid: hash, wallet: stage.wallet.address });
    });

    it('is the one that paid it, when the first was never at Pi', async () => {
      const { second, hash } = await givenUpAndPaid();
      await stage.sql(`update pi.payouts set identifier = null`);
      const app = await looksAgain('order-2');
      await eventually(async () => (await stage.look(app)).state === 'completed');
      const found = await stage.look(app);
      expect(found).toMatchObject({ identifier: second, txid: hash });
      expect(found).not.toHaveProperty('reason');
    });

    it('does not come before a person again once it was abandoned, however often it is come upon', async () => {
      const { second, hash } = await givenUpAndPaid({ amount: 1 });
      const { pi } = stage.world;
      const path = `/v2/payments/${second}/complete`;
      // It stays among what is open at Pi.
      pi.addFault({ match: { method: 'POST', path }, fault: 'error', status: 400, code: 'not_verified' });
      const app = await looksAgain('order-2', await stage.world.pioneer());
      expect(await stage.look(app)).toMatchObject({ state: 'needs_review' });
      await app.payouts.resolve(stage.id, { action: 'abandon', by });
      await eventually(async () => (await stage.look(app)).state === 'cancelled');

      const again = await looksAgain('order-3', await stage.world.pioneer());
      await again.payouts.recover();
      expect(await stage.look(again)).toMatchObject({ state: 'cancelled', reason: `abandoned by ${by}` });
      expect(pi.journal({ method: 'POST', path }).length).toBeGreaterThan(1);
      expect(await events(again, 'review', hash)).toBe(1);
      expect(await events(again, 'recovered', second)).toBe(1);

      pi.clearFaults();
      const free = await looksAgain('order-4');
      expect(payment(second).status.developer_completed).toBe(true);
      expect(await stage.look(free)).toMatchObject({ state: 'cancelled' });
    });
  });
});
