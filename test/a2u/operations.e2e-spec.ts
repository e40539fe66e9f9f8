import { Logger } from '@nestjs/common';
import { Keypair } from '@stellar/stellar-base';
import { PiEmulator } from 'pi-emulator';
import { type Payout, type PayoutResolution, PiPayoutResolutionError } from 'nestjs-pi';
import { eventually } from '../support/eventually.js';
import { Stage } from './history-stage.js';
import type { Instance } from './payout-world.js';

jest.setTimeout(60_000);

const OPERATOR = 'amara@example.com';

describe('The operator of a wallet', () => {
  let stage: Stage;
  let ledgers: NodeJS.Timeout | undefined;

  beforeEach(async () => {
    stage = await Stage.build([]);
  }, 30_000);
  afterEach(async () => {
    clearInterval(ledgers);
    await stage.end();
  }, 30_000);

  const closing = () => (ledgers = setInterval(() => stage.close(), 40));
  const settled = (app: Instance, id = stage.id) => app.payouts.whenSettled(id, { timeoutMs: 45_000 });
  const isParked = (app: Instance, id: string, why: RegExp) =>
    eventually(async () => why.test((await app.payouts.get(id))!.parked ?? ''));

  describe('with limits', () => {
    it.each<[string, object, RegExp]>([
      ['a payout', { payoutLimit: '1.2' }, /more than one payout of the wallet/],
      ['a day', { dailyLimit: '2' }, /may pay 2 Pi in 24 h, and 1 Pi of it are used/],
      ['a Pioneer and day', { dailyLimitPerUid: '2' }, /one Pioneer may get 2 Pi in 24 h/],
    ])(
      'sees the one beyond the limit of %s parked, those within it paid, and can cancel it',
      async (_, wallet, why) => {
        closing();
        const app = await stage.world.instance({ wallet });
        const uid = await stage.uid();
        const pay = (key: string, amount: string) =>
          app.payouts.pay({ idempotencyKey: key, uid, amount, memo: 'Limit' });
        const within = await pay('within', '1');
        await settled(app, within.id);
        const beyond = await pay('beyond', '1.5');
        await isParked(app, beyond.id, why);
        expect(await app.payouts.get(beyond.id)).toMatchObject({ state: 'requested' });
        const small = await pay('small', '0.5');
        expect(await settled(app, small.id)).toMatchObject({ state: 'completed' });
        await app.payouts.cancel(beyond.id);
        expect(await settled(app, beyond.id)).toMatchObject({ state: 'cancelled', reason: 'cancelled by the app' });
      },
    );

    it('sees a parked payout paid once the limit allows it', async () => {
      closing();
      const first = await stage.world.instance({ wallet: { payoutLimit: '1' } });
      const { id } = await stage.pay(first);
      await isParked(first, id, /more than one payout/);
      await first.stop();
      expect(await settled(await stage.world.instance({ wallet: { payoutLimit: '2' } }))).toMatchObject({
        state: 'completed',
      });
    });
  });

  it('sees a payout wait for money, and paid when there is some', async () => {
    closing();
    const { address } = stage.wallet;
    const { balance } = stage.chain.account(address)!;
    stage.chain.fund(address, 20_000_000n - balance);
    const app = await stage.instance();
    const { id } = await stage.pay(app);
    await isParked(app, id, /holds too little/);
    expect((await stage.look(app)).attempts).toEqual([]);
    stage.chain.fund(address, 1_000_000_000n);
    expect(await settled(app)).toMatchObject({ state: 'completed' });
  });

  it('pays a higher fee when the network asks for it, at the same sequence number, and never more than the cap', async () => {
    closing();
    const app = await stage.instance();
    const cheap = await stage.pay(app, 'cheap');
    await settled(app, cheap.id);
    stage.adversary.surge(400_000n);
    await stage.pay(app);
    const { state, attempts } = await settled(app, (await app.payouts.find('order-1'))!.id);
    expect({ state, attempts: attempts.length }).toEqual({ state: 'completed', attempts: 2 });
    expect(new Set(attempts.map(({ sequence }) => sequence)).size).toBe(1);
    expect(new Set(attempts.map(({ maxTime }) => maxTime.getTime())).size).toBe(1);

    stage.adversary.surge(2_000_000n);
    const dear = await stage.pay(app, 'dear');
    await eventually(async () => (await app.payouts.get(dear.id))!.attempts.length >= 2);
    stage.adversary.surge(undefined);
    expect(await settled(app, dear.id)).toMatchObject({ state: 'completed' });
    const [transaction] = stage.world.pi.transactions().slice(-1);
    expect(BigInt(transaction!.feeCharged)).toBeLessThanOrEqual(1_000_000n);
  });

  it('is told once that the network asks for more than the fee cap, and sees the payout go on when the cap is raised', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn');
    stage.adversary.surge(2_000_000n);
    const app = await stage.instance(undefined, { haltMs: 1_000 });
    await stage.pay(app);
    const refusals = async () => {
      const { rows } = await app.ledger.read(({ query }) =>
        query(`select 1 from pi.payout_events where kind = 'answer' and detail = 'tx_insufficient_fee'`),
      );
      return rows.length;
    };
    for (const count of [1, 2]) {
      await eventually(async () => (await refusals()) === count);
      // core bans what it refused for ten ledgers: posted again in that time, it would say nothing.
      stage.close(10);
    }
    await app.stop();
    const told = warn.mock.calls.map(([message]) => String(message)).filter((message) => message.includes('fee cap'));
    warn.mockRestore();
    expect(told).toEqual([
      `Payout ${stage.id} waits: the network asks for more than the fee cap of 1000000 stroops. Raise wallets[].fee.max to go on.`,
    ]);

    const dearer = await stage.world.instance({ wallet: { fee: { max: '0.3' } } });
    expect(await stage.look(dearer)).toMatchObject({ state: 'submitted', attempts: [{}] });
    await stage.attempts(dearer, 2);
    closing();
    const { state, attempts } = await settled(dearer);
    expect({ state, sequences: new Set(attempts.map(({ sequence }) => sequence)).size }).toEqual({
      state: 'completed',
      sequences: 1,
    });
    const [paid] = stage.world.pi.transactions().slice(-1);
    expect(BigInt(paid!.feeCharged)).toBe(2_000_000n);
  });

  it('has the past of a parked payout read once, not again after every restart', async () => {
    const { address, seed } = stage.wallet;
    stage.chain.fund(address, 20_000_000n - stage.chain.account(address)!.balance);
    const app = await stage.instance(undefined, { haltMs: 50 });
    const { id } = await stage.pay(app);
    await isParked(app, id, /holds too little/);
    stage.adversary.useSequence({ secret: seed });
    stage.close();
    const { sequence } = stage.chain.account(address)!;
    const baseline = async () => {
      const { rows } = await app.ledger.read(({ query }) =>
        query<{ baseline: string }>('select baseline::text from pi.payouts'),
      );
      return BigInt(rows[0]!.baseline);
    };
    await eventually(async () => (await baseline()) === sequence);
    await app.stop();
    stage.chain.fund(address, 1_000_000_000n);
    const asked = stage.world.pi.journal({ path: `${stage.path}/transactions` }).length;
    closing();
    expect(await settled(await stage.instance())).toMatchObject({ state: 'completed' });
    expect(stage.world.pi.journal({ path: `${stage.path}/transactions` })).toHaveLength(asked);
  });

  it.each([
    ['in review', `'needs_review', 'two_identifiers', null`],
    ['paid, and not taken by Pi', `'paid', null, repeat('a', 64)`],
    ['in review, paid, and not taken by Pi', `'needs_review', 'paid_but_cancelled', repeat('a', 64)`],
  ])(
    'sees a new one paid however many are %s',
    async (_, columns) => {
      closing();
      const app = await stage.instance();
      const first = await stage.pay(app, 'first');
      await settled(app, first.id);
      await app.stop();
      await stage.sql(
        `insert into pi.payouts (id, idempotency_key, wallet, uid, stroops, memo, destination, baseline, create_sent,
         created_at_pi, identifier, state, review, txid)
       select gen_random_uuid(), 'old-' || n, wallet, uid, stroops, memo, destination, baseline, true, created_at_pi,
         'old-' || n, ${columns}
       from pi.payouts, generate_series(1, 501) n`,
      );
      const next = await stage.instance(undefined, { backoffMs: 5_000, maxBackoffMs: 15_000, haltMs: 60_000 });
      const { id } = await stage.pay(next, 'new');
      expect(await next.payouts.whenSettled(id, { timeoutMs: 45_000 })).toMatchObject({ state: 'completed' });
    },
    60_000,
  );

  it.each([
    ['the chain shows that it was paid', { others: `'two_identifiers', null`, last: `'gap_unexplained', null` }],
    ['Pi has completed it', { others: `'paid_but_cancelled', txid`, last: `'complete_refused', txid` }],
  ])(
    'sees one in review settle when %s, however many are in review before it',
    async (_, { others, last }) => {
      closing();
      const app = await stage.instance();
      await stage.pay(app);
      const { identifier } = await settled(app);
      await app.stop();
      const inReview = (n: string, identifier: string, review: string) =>
        `insert into pi.payouts (id, idempotency_key, wallet, uid, stroops, memo, destination, baseline, create_sent,
         created_at_pi, cancel_wanted, identifier, state, review, txid)
       select gen_random_uuid(), 'review-' || n, wallet, uid, stroops, memo, destination, baseline, true, created_at_pi,
         'unwanted', ${identifier}, 'needs_review', ${review}
       from pi.payouts, ${n} where idempotency_key = 'order-1'`;
      await stage.sql(
        inReview('generate_series(1, 500) n', `'other-' || n`, others),
        `update pi.payouts set identifier = 'first' where idempotency_key = 'order-1'`,
        inReview('generate_series(501, 501) n', `'${identifier}'`, last),
      );
      const next = await stage.instance(undefined, { backoffMs: 50, maxBackoffMs: 50, haltMs: 50 });
      await eventually(async () => (await next.payouts.find('review-501'))!.state === 'completed', {
        withinMs: 120_000,
      });
    },
    150_000,
  );

  it('sees the next one wait while an attempt of one in review may still pay it, and no longer', async () => {
    const app = await stage.instance();
    stage.adversary.onSubmit({ apply: 'never', answer: 'timeout', times: 1_000 });
    await stage.pay(app);
    await stage.posted(1);
    await app.stop();
    await stage.sql(`update pi.payouts set state = 'needs_review', review = 'two_identifiers'`);
    const next = await stage.instance();
    const uid = await stage.world.pioneer();
    const { id } = await next.payouts.pay({ idempotencyKey: 'order-2', uid, amount: '1', memo: 'Next' });
    await eventually(async () => (await next.payouts.get(id))!.state === 'created');
    await stage.linger(async () => (await next.payouts.get(id))!.attempts.length > 0);
    expect(await next.payouts.get(id)).toMatchObject({ state: 'created', attempts: [] });
    stage.adversary.calm();
    stage.chain.advance(200);
    closing();
    expect(await settled(next, id)).toMatchObject({ state: 'completed' });
    expect(await stage.look(next)).toMatchObject({ state: 'needs_review' });
  });

  it('sees an attempt that expired signed again at its own sequence number', async () => {
    const app = await stage.instance();
    stage.adversary.onSubmit({ apply: 'never', answer: 'timeout', times: 3 });
    await stage.pay(app);
    await stage.posted(2);
    stage.chain.advance(200);
    closing();
    const { state, attempts } = await settled(app);
    expect(state).toBe('completed');
    expect(attempts.length).toBeGreaterThan(1);
    expect(new Set(attempts.map(({ sequence }) => sequence)).size).toBe(1);
    expect(stage.timesPaid()).toBe(1);
  });

  describe('who cancels', () => {
    it('gets it cancelled only after its attempt has expired', async () => {
      const app = await stage.instance();
      stage.adversary.onSubmit({ apply: 'never', answer: 'timeout', times: 10 });
      await stage.pay(app);
      await stage.posted(1);
      await app.payouts.cancel(stage.id);
      await stage.linger(() => stage.cancelledAtPi(), 500);
      expect(stage.cancelledAtPi()).toBe(false);
      stage.chain.advance(200);
      closing();
      expect(await settled(app)).toMatchObject({ state: 'cancelled' });
      expect(stage.cancelledAtPi()).toBe(true);
      expect(stage.timesPaid()).toBe(0);
    });

    it('is too late when it has been paid', async () => {
      const app = await stage.instance();
      await stage.pay(app);
      await stage.posted(1);
      await app.payouts.cancel(stage.id);
      closing();
      expect(await settled(app)).toMatchObject({ state: 'completed' });
    });

    it('sees it completed, and no reason why not, when Pi knows that it was paid', async () => {
      const app = await stage.instance();
      await stage.pay(app);
      await stage.completed(app);
      const { txid } = await stage.look(app);
      await app.stop();
      await stage.sql(`update pi.payouts set state = 'cancelling', txid = null, reason = 'cancelled by the app'`);
      const found = await settled(await stage.instance());
      expect(found).toMatchObject({ state: 'completed', txid });
      expect(found).not.toHaveProperty('reason');
    });
  });

  describe('of a payout in review', () => {
    const review = (app: Instance) => eventually(async () => (await stage.look(app)).state === 'needs_review');
    const resolve = (app: Instance, resolution: PayoutResolution): Promise<Payout> =>
      app.payouts.resolve(stage.id, resolution);

    /** The wallet used a number, and no listing ever shows for what. */
    async function unexplainedGap(): Promise<{ app: Instance; hash: string }> {
      const { app, pause } = await stage.pausedInstance('submit_noted');
      stage.adversary.onSubmit({ apply: 'never', answer: 'timeout' });
      await stage.pay(app);
      await pause.reached;
      const { hash } = stage.adversary.useSequence({ secret: stage.wallet.seed });
      stage.adversary.hide({ hash, listings: true });
      stage.close();
      pause.resume();
      closing();
      const ageing = setInterval(() => stage.chain.advance(200), 250);
      await review(app).finally(() => clearInterval(ageing));
      return { app, hash };
    }

    it('reads why, and what may be done', async () => {
      const { app, hash } = await unexplainedGap();
      const { review: found } = await stage.look(app);
      expect(found!.reason).toMatch(/sequence numbers that its history does not show/);
      expect(found!.actions).toEqual(['paid', 'retry', 'abandon']);
      await expect(resolve(app, { action: 'paid', txid: hash, by: OPERATOR })).rejects.toThrow(PiPayoutResolutionError);
      await expect(resolve(app, { action: 'retry', by: ' ' })).rejects.toThrow('say who decides');
    });

    it('vouches for the gap: it goes on, and is paid once', async () => {
      const { app } = await unexplainedGap();
      expect(await resolve(app, { action: 'retry', by: OPERATOR })).toMatchObject({ state: 'submitted' });
      expect(await settled(app)).toMatchObject({ state: 'completed' });
      expect(stage.timesPaid()).toBe(1);
      const { rows } = await app.ledger.read(({ query }) =>
        query(`select by, detail from pi.payout_events where kind = 'resolution'`),
      );
      expect(rows).toEqual([{ by: OPERATOR, detail: 'retry → submitted' }]);
    });

    it('is told when what paid it lies below the gap, and cannot have it paid again or cancelled', async () => {
      const { app, pause } = await stage.pausedInstance('submit_noted');
      stage.adversary.onSubmit({ answer: 'timeout' });
      await stage.pay(app);
      await pause.reached;
      stage.close();
      expect(stage.timesPaid()).toBe(1);
      // A page and more of others' transactions, one of the wallet's own, and one that no listing shows.
      for (let i = 0; i < 210; i++) stage.adversary.dust({ to: stage.wallet.address });
      stage.close();
      stage.adversary.useSequence({ secret: stage.wallet.seed });
      stage.close();
      const { hash } = stage.adversary.useSequence({ secret: stage.wallet.seed });
      stage.adversary.hide({ hash, listings: true });
      stage.close();
      pause.resume();
      closing();
      const ageing = setInterval(() => stage.chain.advance(200), 250);
      await review(app).finally(() => clearInterval(ageing));
      const [paid] = stage.world.paid();
      const refusal = new RegExp(`${paid!.hash} paid it`);
      await expect(resolve(app, { action: 'retry', by: OPERATOR })).rejects.toThrow(refusal);
      await expect(resolve(app, { action: 'abandon', by: OPERATOR })).rejects.toThrow(refusal);
      await resolve(app, { action: 'paid', txid: paid!.hash, by: OPERATOR });
      expect(await settled(app)).toMatchObject({ state: 'completed', txid: paid!.hash });
      expect(stage.timesPaid()).toBe(1);
    });

    it('abandons it: Pi is told, and nobody is paid', async () => {
      const { app } = await unexplainedGap();
      await resolve(app, { action: 'abandon', by: OPERATOR });
      expect(await settled(app)).toMatchObject({ state: 'cancelled', reason: `abandoned by ${OPERATOR}` });
      expect(stage.cancelledAtPi()).toBe(true);
      await expect(resolve(app, { action: 'retry', by: OPERATOR })).rejects.toThrow("waits for nobody's decision");
    });

    it('sees it settle by itself when the gap is explained after all', async () => {
      const { app } = await unexplainedGap();
      stage.adversary.calm();
      await eventually(async () => (await stage.look(app)).state === 'completed');
      expect(stage.timesPaid()).toBe(1);
    });

    it('accepts what was paid although somebody cancelled it at Pi', async () => {
      const app = await stage.instance();
      await stage.pay(app);
      await stage.posted(1);
      const { pi } = stage.world;
      await fetch(`${pi.platformUrl}/payments/${(await stage.look(app)).identifier}/cancel`, {
        method: 'POST',
        headers: { authorization: `Key ${pi.apiKey}` },
      });
      closing();
      const { state, txid, review: found } = await settled(app);
      expect({ state, actions: found!.actions }).toEqual({ state: 'needs_review', actions: ['paid', 'retry'] });
      await expect(resolve(app, { action: 'abandon', by: OPERATOR })).rejects.toThrow(PiPayoutResolutionError);
      expect(await resolve(app, { action: 'paid', txid: txid!, by: OPERATOR })).toMatchObject({
        state: 'completed',
        txid,
      });
    });
  });

  it('does not sign for a payment that was cancelled at Pi meanwhile', async () => {
    const { app, pause } = await stage.pausedInstance('bound');
    await stage.pay(app);
    await pause.reached;
    const { pi } = stage.world;
    await fetch(`${pi.platformUrl}/payments/${(await stage.look(app)).identifier}/cancel`, {
      method: 'POST',
      headers: { authorization: `Key ${pi.apiKey}` },
    });
    pause.resume();
    expect(await settled(app)).toMatchObject({ state: 'cancelled', attempts: [], reason: 'cancelled at Pi' });
  });

  it('restores a backup: what was paid since is found, and not paid again', async () => {
    closing();
    const app = await stage.instance();
    const { id } = await stage.pay(app);
    await settled(app);
    await stage.sql(
      'alter table pi.payout_attempts disable trigger all',
      'alter table pi.payout_events disable trigger all',
      'delete from pi.payout_attempts',
      'delete from pi.payout_events',
      'delete from pi.payouts',
      'alter table pi.payout_attempts enable trigger all',
      'alter table pi.payout_events enable trigger all',
    );
    await app.payouts.recover();
    const again = await app.payouts.pay({
      idempotencyKey: 'order-1',
      uid: await stage.uid(),
      amount: '1.5',
      memo: 'History',
    });
    expect(again.id).not.toBe(id);
    expect(again).toMatchObject({ state: 'completed', txid: expect.any(String) as string });
    expect(stage.timesPaid()).toBe(1);
  });

  it('gets nothing signed by a key that is not the wallet', async () => {
    closing();
    const other = Keypair.random();
    const signer = { publicKey: stage.wallet.address, sign: async (hash: Uint8Array) => other.sign(Buffer.from(hash)) };
    const app = await stage.world.instance({ wallet: { signer } });
    await stage.pay(app);
    await eventually(async () => (await stage.look(app)).state === 'created');
    await stage.linger(async () => (await stage.look(app)).attempts.length > 0);
    expect(await stage.look(app)).toMatchObject({ state: 'created', attempts: [] });
  });

  it('pays with a signer of its own', async () => {
    closing();
    const key = Keypair.fromSecret(stage.wallet.seed);
    const signer = { publicKey: key.publicKey(), sign: async (hash: Uint8Array) => key.sign(Buffer.from(hash)) };
    const app = await stage.world.instance({ wallet: { signer, name: 'kms' } });
    const uid = await stage.uid();
    const { id } = await app.payouts.pay({ idempotencyKey: 'kms', uid, amount: '1', memo: 'Kms', wallet: 'kms' });
    expect(await settled(app, id)).toMatchObject({ state: 'completed', wallet: key.publicKey() });
  });

  it('gets nothing signed on another network than the app is registered on', async () => {
    closing();
    const mainnet = await PiEmulator.start({ port: 0, ledgerMs: 50, network: 'mainnet' });
    try {
      const app = await stage.world.instance({ horizonUrl: mainnet.horizonUrl });
      await stage.pay(app);
      await stage.linger(async () => (await stage.look(app)).attempts.length > 0);
      expect((await stage.look(app)).attempts).toEqual([]);
      expect(mainnet.transactions()).toEqual([]);
    } finally {
      await stage.world.stopInstances();
      await mainnet.stop();
    }
  });

  it('runs several instances: one pays, and when it ends the next carries on at once', async () => {
    const [first, second] = [await stage.instance(), await stage.instance()];
    await stage.pay(second);
    await stage.posted(1);
    // The transaction on its way is answered before the first instance ends.
    setTimeout(() => stage.close(), 300);
    await first.stop();
    expect((await stage.look(second)).state).toMatch(/^(paid|completed)$/);
    closing();
    expect(await settled(second)).toMatchObject({ state: 'completed' });
    const next = await stage.pay(second, 'order-2');
    expect(await settled(second, next.id)).toMatchObject({ state: 'completed' });
    expect(stage.timesPaid() + stage.timesPaid('order-2')).toBe(2);
  });
});
