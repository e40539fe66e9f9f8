import { randomUUID } from 'node:crypto';
import type { RuleSwitches } from '../../libs/pi/src/a2u/rule-switches.js';
import { eventually } from '../support/eventually.js';
import { Stage } from './history-stage.js';

/** What somebody who lost money would say. Undefined: nobody did. */
type Complaint =
  'paid twice' | 'paid and cancelled' | 'paid for another' | 'never paid' | 'a foreign transaction' | undefined;

interface History {
  readonly name: string;
  /** The rules that protect from it. Where there are two lines of defence, both are taken out. */
  readonly off: readonly (keyof RuleSwitches)[];
  readonly options?: { a2uLimit: 'app' | 'user' };
  play(stage: Stage): Promise<Complaint>;
}

const BILLIONS = 100_000_000_000_000n;

/** The first attempt is signed, and a stranger with the wallet's key takes its number; the second applies unseen. */
async function foreignThenUnseen(stage: Stage): Promise<Complaint> {
  const app = await stage.instance();
  stage.nothingArrives();
  await stage.pay(app);
  await stage.posted(1);
  stage.adversary.useSequence({ secret: stage.wallet.seed });
  stage.close();
  return unseen(stage, app, 2);
}

/** Attempt `n` arrives at core; it applies, and the listings are a ledger behind while the account is not. */
async function unseen(stage: Stage, app: Awaited<ReturnType<Stage['instance']>>, n: number): Promise<Complaint> {
  await stage.arrives(app, n);
  stage.adversary.replicas({ path: `${stage.path}/transactions`, lags: [1], pick: 'cycle' });
  stage.close();
  await stage.linger(async () => (await stage.look(app)).attempts.length > n);
  return verdict(stage, app);
}

async function verdict(stage: Stage, app: Awaited<ReturnType<Stage['instance']>>): Promise<Complaint> {
  const settled = await stage.settle(app);
  if (stage.timesPaid() > 1) return 'paid twice';
  if (stage.timesPaid() === 1 && stage.cancelledAtPi()) return 'paid and cancelled';
  if (settled.state === 'completed') return stage.timesPaid() === 1 ? undefined : 'never paid';
  return settled.state === 'cancelled' && stage.timesPaid() === 0 ? undefined : 'never paid';
}

const histories: readonly History[] = [
  {
    name: '1: the first failed, the second applied unseen',
    off: ['covering'],
    play: async (stage) => {
      const app = await stage.instance();
      await stage.pay(app);
      const { hash } = (await stage.attempts(app, 1)).attempts[0]!;
      await eventually(() => stage.chain.mempool.find(hash) !== undefined);
      stage.nothingArrives();
      // Spent elsewhere in the same ledger: the payment fails and burns its number.
      const { balance } = stage.chain.account(stage.wallet.address)!;
      stage.chain.fund(stage.wallet.address, 20_000_000n - balance);
      stage.close();
      stage.chain.fund(stage.wallet.address, BILLIONS);
      return unseen(stage, app, 2);
    },
  },
  {
    name: '2: a stranger took the first number, the second applied unseen',
    off: ['covering'],
    play: foreignThenUnseen,
  },
  {
    name: '3: the recipient wrapped it in a fee bump',
    off: ['ownByMemo', 'ownByInnerHash'],
    play: async (stage) => {
      const app = await stage.instance();
      stage.nothingArrives();
      await stage.pay(app);
      await stage.arrives(app, 1, { apply: 'wrapped' });
      stage.close();
      await stage.linger(async () => (await stage.look(app)).attempts.length > 1);
      return verdict(stage, app);
    },
  },
  {
    name: '4: a look-alike fills its place in the listing',
    off: ['walletOnly'],
    play: async (stage) => {
      const app = await stage.instance();
      stage.nothingArrives();
      await stage.pay(app);
      await stage.arrives(app, 1, { apply: 1 });
      stage.adversary.replicas({ path: `${stage.path}/transactions`, lags: [1], pick: 'cycle' });
      stage.adversary.lookAlike({ wallet: stage.wallet.address });
      stage.close();
      stage.close();
      await stage.linger(async () => (await stage.look(app)).attempts.length > 1);
      return verdict(stage, app);
    },
  },
  {
    name: '5: the account is fresh, the history is not',
    off: ['covering'],
    play: async (stage) => {
      const app = await stage.instance();
      stage.nothingArrives();
      await stage.pay(app);
      return unseen(stage, app, 1);
    },
  },
  {
    name: '6: two workers hold the same attempts, both sign',
    off: ['attemptFence', 'ownByMemo'],
    play: async (stage) => {
      // The first worker stands still with what it has read of the payout after its first attempt.
      const { app, pause, next } = await stage.pausedInstance('turn_taken', 2, 3);
      stage.nothingArrives();
      await stage.pay(app);
      await pause.reached;
      stage.adversary.useSequence({ secret: stage.wallet.seed });
      stage.close();
      // It sees that its first attempt is over, and that it is its turn again.
      pause.resume();
      await next.reached;
      await stage.stealLease();
      const other = await stage.instance();
      await stage.arrives(other, 2);
      const { attempts } = await stage.look(other);
      await other.stop();
      stage.close();
      next.resume();
      await stage.linger(async () => (await stage.look(app)).attempts.length > attempts.length);
      return verdict(stage, app);
    },
  },
  {
    name: '6b: two workers, one signs while the other cancels',
    off: ['attemptFence'],
    play: async (stage) => {
      const { app, pause } = await stage.pausedInstance('attempt_signed');
      await stage.pay(app);
      await pause.reached;
      await app.payouts.cancel(stage.id);
      await stage.stealLease();
      const other = await stage.instance();
      // Not before the other one has written its last word: that would overwrite what the first one signs.
      await eventually(async () => (await stage.look(other)).state === 'cancelled', { withinMs: 60_000 });
      pause.resume();
      await stage.linger(async () => (await stage.look(other)).attempts.length > 0);
      stage.close(2);
      return verdict(stage, other);
    },
  },
  ...(['covering', 'ownByMemo', 'baselineFirst'] as const).map((rule): History => ({
    name: `7: it applied and its commit was lost (${rule})`,
    off: [rule],
    play: async (stage) => {
      const first = await stage.instance();
      stage.nothingArrives();
      await stage.pay(first);
      await stage.arrives(first, 1);
      await first.stop();
      await stage.sql(
        'alter table pi.payout_attempts disable trigger all',
        'delete from pi.payout_attempts',
        'alter table pi.payout_attempts enable trigger all',
        `update pi.payouts set state = 'created', attempts = 0`,
      );
      if (rule !== 'ownByMemo')
        stage.adversary.replicas({ path: `${stage.path}/transactions`, lags: [1], pick: 'cycle' });
      stage.close();
      const app = await stage.instance();
      await stage.linger(async () => (await stage.look(app)).attempts.length > 0);
      return verdict(stage, app);
    },
  })),
  {
    name: '8: the sequence number of one answer, the close time of another',
    off: ['oneReading'],
    play: async (stage) => {
      const app = await stage.instance();
      stage.close(8);
      stage.nothingArrives();
      await stage.pay(app);
      await stage.arrives(app, 1);
      stage.adversary.replicas({ path: stage.path, lags: [4], pick: 'cycle' });
      stage.close();
      await app.payouts.cancel(stage.id);
      stage.chain.advance(300);
      stage.close();
      await stage.linger(() => stage.cancelledAtPi());
      return verdict(stage, app);
    },
  },
  {
    name: '9: a later variant with an earlier time bound',
    off: ['everyMaxTime'],
    play: async (stage) => {
      const first = await stage.instance();
      stage.nothingArrives();
      await stage.pay(first);
      await stage.arrives(first, 1, { apply: 2 });
      await first.stop();
      await stage.sql(
        `insert into pi.payout_attempts (payout_id, number, wallet, sequence, max_time, fee, hash, envelope, ledger, ledger_hash, lease_token)
         select payout_id, 2, wallet, sequence, max_time - 115, fee, 'b', envelope, ledger, ledger_hash, lease_token
         from pi.payout_attempts`,
        `update pi.payouts set attempts = 2, cancel_wanted = 'test'`,
      );
      const app = await stage.instance();
      stage.chain.advance(20);
      stage.close();
      await stage.linger(() => stage.cancelledAtPi());
      stage.close(4);
      return verdict(stage, app);
    },
  },
  {
    name: '10: cancelled at Pi before it is proven that nothing can pay',
    off: ['cancelProof'],
    play: async (stage) => {
      const app = await stage.instance();
      stage.nothingArrives();
      await stage.pay(app);
      await stage.arrives(app, 1, { apply: 2 });
      await app.payouts.cancel(stage.id);
      await stage.linger(() => stage.cancelledAtPi());
      stage.close(4);
      return verdict(stage, app);
    },
  },
  {
    name: "11: another key's payment is in the way, and is adopted",
    off: ['ownKeyOnly'],
    options: { a2uLimit: 'app' },
    play: async (stage) => {
      const app = await stage.instance();
      const foreign = await createForeign(stage);
      await stage.pay(app);
      await stage.linger(async () => (await stage.look(app)).identifier === foreign);
      await cancelForeign(stage, foreign);
      const settled = await stage.settle(app);
      return settled.identifier === foreign ? 'paid for another' : undefined;
    },
  },
  {
    name: '11b: two identifiers of one key, both bound and paid',
    off: ['bindOnce', 'attemptFence'],
    play: async (stage) => {
      const { app, pause } = await stage.pausedInstance('admitted');
      await stage.pay(app);
      await pause.reached;
      await stage.stealLease();
      const other = await stage.instance();
      await stage.completed(other);
      await other.stop();
      pause.resume();
      await stage.linger(async () => (await stage.look(app)).state !== 'completed');
      return verdict(stage, app);
    },
  },
  {
    name: '12: an orphan of a duplicated creation blocks every further one',
    off: ['orphans'],
    play: async (stage) => {
      const { app, pause } = await stage.pausedInstance('admitted');
      await stage.pay(app);
      await pause.reached;
      await stage.stealLease();
      const other = await stage.instance();
      await stage.completed(other);
      pause.resume();
      await eventually(() => stage.world.pi.payments().length > 1, { withinMs: 60_000 });
      await app.stop();
      const next = await stage.pay(other, 'order-2');
      await stage.settleUntil(async () => (await other.payouts.get(next.id))!.state === 'completed');
      return stage.timesPaid('order-2') === 1 && stage.timesPaid() === 1 ? undefined : 'never paid';
    },
  },
  {
    name: '13: the testnet was reset, and the wallet looks unused',
    off: ['chainIdentity'],
    play: async (stage) => {
      const first = await stage.instance();
      stage.nothingArrives();
      await stage.pay(first);
      await stage.arrives(first, 1);
      await first.stop();
      stage.close();
      const before = stage.timesPaid();
      stage.adversary.reset({ accounts: 'refunded' });
      const app = await stage.instance();
      await stage.settleUntil(async () => (await stage.look(app)).state === 'needs_review' || stage.timesPaid() > 0);
      const { state, review } = await stage.look(app);
      if (state === 'needs_review' && review!.actions.includes('abandon')) return undefined;
      return before + stage.timesPaid() > 1 ? 'paid twice' : 'never paid';
    },
  },
  {
    name: '14: dust to the wallet with our memo',
    off: ['operationMatch'],
    play: async (stage) => {
      const app = await stage.instance();
      stage.nothingArrives();
      await stage.pay(app);
      await stage.posted(1);
      const { identifier } = await stage.look(app);
      const dust = stage.adversary.dust({ to: stage.wallet.address, memo: identifier! });
      stage.adversary.useSequence({ secret: stage.wallet.seed });
      stage.close();
      await stage.linger(async () => (await stage.look(app)).txid !== undefined);
      const { txid } = await stage.look(app);
      return txid === dust.hash ? 'a foreign transaction' : verdict(stage, app);
    },
  },
];

/** A payment of somebody else's at Pi, of the same app, Pioneer and amount. */
async function createForeign(stage: Stage): Promise<string> {
  const { pi } = stage.world;
  const uid = await stage.uid();
  const payment = {
    amount: 1.5,
    memo: 'Foreign',
    uid,
    metadata: { nestjs_pi_key: 'foreign', nestjs_pi_instance: randomUUID() },
  };
  const answer = await fetch(`${pi.platformUrl}/payments`, {
    method: 'POST',
    headers: { authorization: `Key ${pi.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ payment }),
  });
  return ((await answer.json()) as { identifier: string }).identifier;
}

async function cancelForeign(stage: Stage, identifier: string): Promise<void> {
  const { pi } = stage.world;
  await fetch(`${pi.platformUrl}/payments/${identifier}/cancel`, {
    method: 'POST',
    headers: { authorization: `Key ${pi.apiKey}` },
  });
}

describe('The histories that broke earlier drafts', () => {
  let stage: Stage;
  afterEach(() => stage.end(), 30_000);

  it.each(histories)(
    '$name: nobody loses money',
    async ({ play, options }) => {
      stage = await Stage.build([], options);
      expect(await play(stage)).toBeUndefined();
    },
    300_000,
  );

  it.each(histories)(
    '$name: somebody does without $off',
    async ({ play, off, options }) => {
      stage = await Stage.build(off, options);
      expect(await play(stage)).toBeDefined();
    },
    300_000,
  );
});
