import { PiPayoutResolutionError } from 'nestjs-pi';
import { eventually } from '../support/eventually.js';
import { wrongClock } from '../support/wrong-clock.js';
import { Stage } from './history-stage.js';
import type { Instance } from './payout-world.js';

jest.setTimeout(60_000);

const HOUR = 3_600_000;
const OPERATOR = 'amara@example.com';

describe('An instance whose clock is wrong', () => {
  let stage: Stage;
  let ledgers: NodeJS.Timeout | undefined;
  let rightClock = () => {};

  beforeEach(async () => {
    stage = await Stage.build([]);
    await stage.uid();
    ledgers = setInterval(() => stage.close(), 40);
  }, 30_000);
  afterEach(async () => {
    rightClock();
    clearInterval(ledgers);
    await stage.end();
  }, 30_000);

  const settled = (app: Instance, id = stage.id) => app.payouts.whenSettled(id, { timeoutMs: 45_000 });
  const isParked = (app: Instance, id: string, why: RegExp) =>
    eventually(async () => why.test((await app.payouts.get(id))!.parked ?? ''));
  const another = async (app: Instance) =>
    app.payouts.pay({ idempotencyKey: 'another', uid: await stage.uid(), amount: '1', memo: 'Clock' });

  async function paidBy(aheadMs: number): Promise<void> {
    rightClock = wrongClock(aheadMs);
    const app = await stage.world.instance({ wallet: { dailyLimit: '2' } });
    await stage.pay(app);
    expect(await settled(app)).toMatchObject({ state: 'completed' });
    await app.stop();
    rightClock();
  }

  it('does not give the wallet a second limit for the day by being behind', async () => {
    await paidBy(-25 * HOUR);
    const app = await stage.world.instance({ wallet: { dailyLimit: '2' } });
    const { id } = await another(app);
    await isParked(app, id, /may pay 2 Pi in 24 h, and 1.5 Pi of it are used/);
  });

  it('does not take the limit of the next day by being ahead', async () => {
    await paidBy(25 * HOUR);
    await stage.sql(`update pi.payouts set admitted_at = admitted_at - interval '24 hours 1 minute'`);
    const app = await stage.world.instance({ wallet: { dailyLimit: '2' } });
    const { id } = await another(app);
    expect(await settled(app, id)).toMatchObject({ state: 'completed' });
  });

  it('parks a payout for no longer than others do, before it is created at Pi', async () => {
    rightClock = wrongClock(HOUR);
    const app = await stage.world.instance({ wallet: { payoutLimit: '1' } });
    const { id } = await stage.pay(app);
    await isParked(app, id, /more than one payout/);
    await app.stop();
    rightClock();
    expect(await settled(await stage.instance())).toMatchObject({ state: 'completed' });
  });

  it.each([
    ['ahead when it parks it', HOUR, 0],
    ['behind when it is to go on', 0, -HOUR],
  ])('parks a payout for no longer than others do, after it is created at Pi, while %s', async (_, then, now) => {
    const { address } = stage.wallet;
    stage.chain.fund(address, 20_000_000n - stage.chain.account(address)!.balance);
    rightClock = wrongClock(then);
    const app = await stage.instance();
    const { id } = await stage.pay(app);
    await isParked(app, id, /holds too little/);
    await app.stop();
    rightClock();
    stage.chain.fund(address, 1_000_000_000n);
    rightClock = wrongClock(now);
    expect(await settled(await stage.instance())).toMatchObject({ state: 'completed' });
  });

  it('counts for a day what was let past yesterday and is paid today', async () => {
    const { address } = stage.wallet;
    stage.chain.fund(address, 20_000_000n - stage.chain.account(address)!.balance);
    const app = await stage.world.instance({ wallet: { dailyLimit: '2' } });
    const { id } = await stage.pay(app);
    await isParked(app, id, /holds too little/);
    await stage.sql(`update pi.payouts set admitted_at = admitted_at - interval '25 hours'`);
    stage.chain.fund(address, 1_000_000_000n);
    expect(await settled(app)).toMatchObject({ state: 'completed' });
    await isParked(app, (await another(app)).id, /may pay 2 Pi in 24 h, and 1.5 Pi of it are used/);
  });

  it('abandons nothing that may still apply on a chain that cannot be asked', async () => {
    clearInterval(ledgers);
    const app = await stage.instance();
    stage.adversary.onSubmit({ apply: 'never', answer: 'timeout', times: 1_000 });
    await stage.pay(app);
    await stage.posted(1);
    await app.stop();
    await stage.sql(`update pi.payouts set state = 'needs_review', review = 'chain_identity_lost'`);
    const idle = await stage.world.instance({ idle: true });
    const abandon = () => idle.payouts.resolve(stage.id, { action: 'abandon', by: OPERATOR });
    rightClock = wrongClock(HOUR);
    await expect(abandon()).rejects.toThrow(PiPayoutResolutionError);
    expect(await stage.look(idle)).toMatchObject({ state: 'needs_review' });
  });
});
