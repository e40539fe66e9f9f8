import { eventually } from '../support/eventually.js';
import { Stage } from './history-stage.js';
import type { Instance } from './payout-world.js';

const FULL = 2n ** 63n - 1n;

describe('A payout that is signed again and again', () => {
  let stage: Stage;
  let ledgers: NodeJS.Timeout | undefined;
  afterEach(async () => {
    clearInterval(ledgers);
    await stage.end();
  }, 30_000);

  const closing = () => (ledgers = setInterval(() => stage.close(), 40));
  const state = async (app: Instance, id: string) => (await app.payouts.get(id))!.state;

  async function next(app: Instance, key: string): Promise<string> {
    const uid = await stage.world.pioneer();
    return (await app.payouts.pay({ idempotencyKey: key, uid, amount: '1', memo: 'Next' })).id;
  }

  it('because the chain refuses it lets others be paid in between, and says why it waits', async () => {
    stage = await Stage.build([]);
    const full = await stage.world.pi.createPioneer({ balance: 100 });
    const { balance } = stage.chain.account(full.walletAddress)!;
    stage.chain.fund(full.walletAddress, FULL - balance);
    const app = await stage.instance();
    closing();
    const { id } = await app.payouts.pay({ idempotencyKey: 'refused', uid: full.uid, amount: '1', memo: 'Full' });
    await eventually(async () => (await app.payouts.get(id))!.attempts.length > 0);
    for (const key of ['next-1', 'next-2', 'next-3']) {
      const other = await next(app, key);
      await eventually(async () => (await state(app, other)) === 'completed');
    }
    await eventually(async () =>
      /the chain refuses it: tx_failed: op_line_full/.test((await app.payouts.get(id))!.parked ?? ''),
    );
    // Its wallet has room again.
    stage.chain.fund(full.walletAddress, balance - FULL);
    await eventually(async () => (await state(app, id)) === 'completed');
    expect(stage.timesPaid('refused')).toBe(1);
  }, 120_000);

  /** As if it had been signed so often, each attempt expired without a trace; the first one is as it was. */
  async function signedOften(app: Instance, times: number): Promise<void> {
    await app.stop();
    await stage.sql(
      `insert into pi.payout_attempts (payout_id, number, wallet, sequence, max_time, fee, hash, envelope, ledger, ledger_hash, lease_token)
       select payout_id, n, wallet, sequence, max_time + n, fee, md5(n::text) || md5('again' || n), envelope, ledger, ledger_hash, lease_token
       from pi.payout_attempts, generate_series(2, ${times}) n`,
      `insert into pi.payout_events (payout_id, kind, detail, attempt)
       select payout_id, kind, 'unknown: 504', number
       from pi.payout_attempts, unnest(array['answer', 'state', 'state']) kind order by number`,
      `update pi.payouts set attempts = ${times}, state = 'submitted'`,
    );
  }

  it('thousands of times takes no longer than another one, and holds up nobody', async () => {
    stage = await Stage.build([]);
    const app = await stage.instance();
    stage.nothingArrives();
    await stage.pay(app);
    await stage.posted(1);
    await signedOften(app, 6_000);
    stage.adversary.calm();
    stage.chain.advance(7_000);
    stage.close();
    const again = await stage.instance();
    closing();
    const id = await next(again, 'order-2');
    await eventually(async () => (await state(again, id)) === 'completed');
    await eventually(async () => (await state(again, stage.id)) === 'completed');
    expect((await stage.look(again)).attempts.length).toBeLessThan(50);
    expect(stage.timesPaid()).toBe(1);
  }, 120_000);

  it('is known as paid by its very first attempt, by nothing but its hash', async () => {
    stage = await Stage.build(['ownByMemo']);
    const app = await stage.instance();
    stage.nothingArrives();
    await stage.pay(app);
    await stage.arrives(app, 1);
    await signedOften(app, 200);
    stage.close();
    stage.adversary.calm();
    closing();
    const again = await stage.instance();
    await eventually(async () => (await state(again, stage.id)) === 'completed');
    expect(stage.timesPaid()).toBe(1);
  }, 120_000);
});
