import { randomUUID } from 'node:crypto';
import { createPostgres } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { type Instance, PayoutWorld } from './payout-world.js';

const SETTLE = { timeoutMs: 45_000 };

describe('What a lane sees of the chain', () => {
  let world: PayoutWorld;
  let app: Instance;
  let onceCommitted: (() => void) | undefined;

  beforeEach(async () => {
    world = await PayoutWorld.start(createPostgres, { ledgerSeconds: 5 });
    onceCommitted = undefined;
    app = await world.instance({
      inside: { onStep: (step) => (step === 'attempt_committed' ? onceCommitted?.() : undefined) },
    });
    await paid();
  }, 60_000);
  afterEach(() => world.stop(), 30_000);

  const pay = async () =>
    app.payouts.pay({ idempotencyKey: randomUUID(), uid: await world.pioneer(), amount: '0.5', memo: 'Evidence' });
  const paid = async () => app.payouts.whenSettled((await pay()).id, SETTLE);
  const paymentsOf = (identifier: string) => world.paid().filter((each) => each.identifier === identifier);

  /** From the next signature on, nobody gets to know anything of the wallet. */
  const goBlind = () => {
    const path = `/accounts/${world.pi.wallet.address}`;
    onceCommitted = () => world.pi.chain.adversary.onRead({ answer: 'error', path, times: 100_000 });
  };

  it('with a number its history does not show: a person decides, and nothing is signed before', async () => {
    const { adversary } = world.pi.chain;
    const foreign = adversary.useSequence({ secret: world.pi.wallet.seed });
    adversary.hide({ hash: foreign.hash, listings: true });
    await world.pi.chain.waitFor(foreign.hash);
    const { id } = await pay();
    const review = await app.payouts.whenSettled(id, SETTLE);
    expect(review).toMatchObject({ state: 'needs_review', attempts: [] });
    expect(review.review!.actions).toEqual(['paid', 'retry', 'abandon']);
    await app.payouts.resolve(id, { action: 'retry', by: 'operator' });
    const settled = await app.payouts.whenSettled(id, SETTLE);
    expect(settled).toMatchObject({ state: 'completed' });
    expect(paymentsOf(settled.identifier!)).toHaveLength(1);
  }, 60_000);

  it('finds its own payment below a page full of what others sent', async () => {
    const { chain, wallet } = world.pi;
    chain.adversary.onSubmit({ answer: 'lost', apply: 'now' });
    goBlind();
    const { id } = await pay();
    await eventually(() => chain.transactionsOf(wallet.address).filter(({ memo }) => memo).length === 2);
    const dust = Array.from({ length: 210 }, () => chain.adversary.dust({ to: wallet.address }));
    await chain.waitFor(dust.at(-1)!.hash);
    chain.adversary.calm();
    const settled = await app.payouts.whenSettled(id, SETTLE);
    expect(settled).toMatchObject({ state: 'completed' });
    expect(settled.attempts).toHaveLength(1);
    expect(paymentsOf(settled.identifier!)).toHaveLength(1);
  }, 60_000);

  it('signs nothing more on a chain that began anew, though all numbers there are accounted for', async () => {
    const { chain, wallet } = world.pi;
    chain.adversary.onSubmit({ answer: 'refused' });
    goBlind();
    const { id } = await pay();
    const attempt = await eventually(async () => (await app.payouts.get(id))?.attempts[0]);
    chain.adversary.reset({ accounts: 'refunded' });
    while (chain.account(wallet.address)!.sequence < attempt!.sequence)
      await chain.waitFor(chain.adversary.useSequence({ secret: wallet.seed }).hash);
    chain.adversary.calm();
    const review = await app.payouts.whenSettled(id, SETTLE);
    expect(review).toMatchObject({ state: 'needs_review', review: { actions: ['retry', 'abandon'] } });
    expect(review.attempts).toHaveLength(1);
    // The lane itself goes on, on the new chain.
    expect(await paid()).toMatchObject({ state: 'completed' });
  }, 60_000);
});
