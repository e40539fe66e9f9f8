import { PiEmulator } from 'pi-emulator';
import { PiPayoutResolutionError } from 'nestjs-pi';
import type { ReviewReason } from '../../libs/pi/src/a2u/review-reasons.js';
import { HeldAnswers } from '../support/held-answers.js';
import { eventually } from '../support/eventually.js';
import { Stage } from './history-stage.js';
import type { Instance } from './payout-world.js';

const by = 'amara@example.com';

describe('A decision of the operator beside a lane that goes on', () => {
  let stage: Stage;
  let horizon: HeldAnswers;
  let ledgers: NodeJS.Timeout | undefined;

  beforeEach(async () => {
    stage = await Stage.build([]);
    horizon = await HeldAnswers.before(stage.world.pi.horizonUrl);
  }, 30_000);
  afterEach(async () => {
    clearInterval(ledgers);
    await stage.end();
    await horizon.stop();
  }, 30_000);

  const look = (app: Instance) => stage.look(app);
  /** Where the operator sits: it runs no lane. */
  const desk = () => stage.world.instance({ idle: true, horizonUrl: horizon.url });

  /** The wallet has used a number, for its payment or elsewhere, and no listing shows for what. */
  async function unexplainedGap(used: 'to pay' | 'elsewhere'): Promise<Instance> {
    const { app, pause } = await stage.pausedInstance('submit_noted');
    stage.adversary.onSubmit({ apply: used === 'to pay' ? 'now' : 'never', answer: 'timeout' });
    await stage.pay(app);
    await pause.reached;
    const foreign = used === 'elsewhere' && stage.adversary.useSequence({ secret: stage.wallet.seed });
    stage.close();
    stage.adversary.hide({ hash: foreign ? foreign.hash : stage.world.paid()[0]!.hash, listings: true });
    pause.resume();
    ledgers = setInterval(() => stage.close(), 40);
    const ageing = setInterval(() => stage.chain.advance(200), 250);
    await eventually(async () => (await look(app)).state === 'needs_review').finally(() => clearInterval(ageing));
    return app;
  }

  async function cancelAtPi(app: Instance): Promise<void> {
    const { pi } = stage.world;
    await fetch(`${pi.platformUrl}/payments/${(await look(app)).identifier}/cancel`, {
      method: 'POST',
      headers: { authorization: `Key ${pi.apiKey}` },
    });
  }

  it.each(['abandon', 'retry'] as const)(
    'is not carried out ("%s") on a payout that waits for another decision by now',
    async (action) => {
      const app = await unexplainedGap('to pay');
      await cancelAtPi(app);
      const operator = await desk();
      const listing = horizon.hold('/transactions?');
      const outcome = operator.payouts.resolve(stage.id, { action, by }).catch((error: unknown) => error);
      await listing.reached;
      // While the operator's evidence is under way, the lane finds the payment, and Pi does not take it.
      stage.adversary.calm();
      await eventually(async () => {
        const { state, txid } = await look(app);
        return state === 'needs_review' && txid !== undefined;
      });
      const before = await look(app);
      listing.release();
      expect(await outcome).toBeInstanceOf(PiPayoutResolutionError);
      expect(await look(app)).toEqual(before);
      expect(before.review!.actions).toEqual(['paid', 'retry']);
    },
  );

  it('is answered with what it has stored, however fast the lane goes on from there', async () => {
    const app = await unexplainedGap('elsewhere');
    const operator = await desk();
    const { ledger } = operator;
    const [write, read] = [ledger.write.bind(ledger), ledger.read.bind(ledger)];
    let written = false;
    jest.spyOn(ledger, 'write').mockImplementation(async (...call) => {
      const result = await write(...call);
      written = true;
      return result;
    });
    jest.spyOn(ledger, 'read').mockImplementation(async (...call) => {
      if (written) await eventually(async () => (await look(app)).state === 'completed');
      return read(...call);
    });
    expect(await operator.payouts.resolve(stage.id, { action: 'retry', by })).toMatchObject({ state: 'submitted' });
    await eventually(async () => (await look(app)).state === 'completed');
    expect(stage.timesPaid()).toBe(1);
  });

  describe('of whose Horizon little can be believed', () => {
    let elsewhere: PiEmulator | undefined;

    afterEach(async () => {
      await stage.world.stopInstances();
      await elsewhere?.stop();
      elsewhere = undefined;
    });

    /** A payout with an attempt that did not arrive, and has expired; or with none. */
    async function inReview(reason: ReviewReason, { signed = true } = {}): Promise<void> {
      const { app, pause } = await stage.pausedInstance(signed ? 'submit_noted' : 'turn_taken');
      stage.nothingArrives();
      await stage.pay(app);
      await pause.reached;
      await stage.sql(`update pi.payouts set state = 'needs_review', review = '${reason}'`);
      const stopped = app.stop();
      pause.resume();
      await stopped;
      stage.chain.advance(200);
      stage.close();
    }

    async function refusal(operator: Instance, action: 'retry' | 'abandon'): Promise<string> {
      const before = await look(operator);
      const error = await operator.payouts.resolve(stage.id, { action, by }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(PiPayoutResolutionError);
      expect(await look(operator)).toEqual(before);
      return (error as Error).message;
    }

    const onMainnet = async () => {
      elsewhere = await PiEmulator.start({ port: 0, ledgerMs: 50, network: 'mainnet' });
      elsewhere.chain.fund(stage.wallet.address, 1_000_000_000n);
      return stage.world.instance({ idle: true, horizonUrl: elsewhere.horizonUrl });
    };
    const actions = ['retry', 'abandon'] as const;

    it.each(actions)('is not carried out ("%s") when the chain has begun anew', async (action) => {
      await inReview('gap_unexplained');
      stage.adversary.reset({ accounts: 'refunded' });
      stage.close();
      expect(await refusal(await desk(), action)).toMatch(/another chain.*`horizonUrl`/);
    });

    it.each(actions)('is not carried out ("%s") on another network, with nothing signed', async (action) => {
      await inReview('gap_unexplained', { signed: false });
      expect(await refusal(await onMainnet(), action)).toMatch(/another chain.*`horizonUrl`/);
    });

    it.each([
      ['retry', 'the wallet', () => stage.path],
      ['abandon', 'the wallet', () => stage.path],
      ['abandon', 'the ledger', () => `/ledgers/${stage.chain.latest.sequence}`],
    ] as const)('is refused ("%s"), not failed, when it does not show %s yet', async (action, _what, path) => {
      await inReview('gap_unexplained');
      stage.adversary.onRead({ answer: 'not_found', path: path() });
      expect(await refusal(await desk(), action)).toMatch(/Horizon does not .*\. Try again later\.$/);
    });

    it('is to retry: once the address is corrected, or before', async () => {
      await inReview('chain_identity_lost');
      const operator = await onMainnet();
      expect(await operator.payouts.resolve(stage.id, { action: 'retry', by })).toMatchObject({ state: 'submitted' });
    });
  });
});
