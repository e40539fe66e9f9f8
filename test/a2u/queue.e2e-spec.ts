import { Logger } from '@nestjs/common';
import { createPostgres } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { type Instance, PayoutWorld } from './payout-world.js';

jest.setTimeout(60_000);

const SETTLE = { timeoutMs: 45_000 };
const CANCEL = { method: 'POST', path: '/v2/payments/*/cancel' };

describe('A payout that can go on', () => {
  let world: PayoutWorld;

  const start = async (a2uLimit: 'app' | 'user' = 'user') =>
    (world = await PayoutWorld.start(createPostgres, { ledgerMs: 50, a2uLimit }));
  afterEach(() => world.stop(), 30_000);

  const pay = async (app: Instance, key: string, { uid, amount = '0.5' }: { uid?: string; amount?: string } = {}) => {
    const request = { idempotencyKey: key, uid: uid ?? (await world.pioneer()), amount, memo: 'Queue' };
    return (await app.payouts.pay(request)).id;
  };
  const settled = (app: Instance, id: string) => app.payouts.whenSettled(id, SETTLE);
  const parked = async (app: Instance, id: string) => (await app.payouts.get(id))!.parked ?? '';

  /** What somebody else with the same API key does at Pi. */
  async function atPi(path: string, payment?: object): Promise<{ identifier: string }> {
    const answer = await fetch(`${world.pi.platformUrl}/payments${path}`, {
      method: 'POST',
      headers: { authorization: `Key ${world.pi.apiKey}`, 'content-type': 'application/json' },
      ...(payment && { body: JSON.stringify({ payment }) }),
    });
    expect(answer.status).toBe(200);
    return (await answer.json()) as { identifier: string };
  }

  /** Many of one kind at once, in the order of their names. */
  const many = async (app: Instance, count: number, how: { uid: string; amount?: string }) => {
    for (let i = 0; i < count; i++) await pay(app, `many-${i}`, how);
  };

  it('does not wait for the many of a Pioneer who has a payment unfinished at Pi', async () => {
    const { pi } = await start();
    const uid = await world.pioneer();
    const { identifier } = await atPi('', { uid, amount: 1, memo: 'Theirs', metadata: { by: 'another backend' } });
    const app = await world.instance();
    await many(app, 56, { uid });
    const id = await pay(app, 'other');
    expect(await settled(app, id)).toMatchObject({ state: 'completed' });

    const waiting = (await app.payouts.find('many-0'))!;
    await eventually(async () => (await parked(app, waiting.id)).includes(identifier));
    expect(await parked(app, waiting.id)).toMatch(/not of this ledger/);
    // One asks for all of them.
    const asked = () => pi.journal({ method: 'POST', path: '/v2/payments' }).length;
    const before = asked();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(asked() - before).toBeLessThan(10);

    const unwanted = (await app.payouts.find('many-55'))!;
    await app.payouts.cancel(unwanted.id);
    expect(await settled(app, unwanted.id)).toMatchObject({ state: 'cancelled' });
    await atPi(`/${identifier}/cancel`);
    await eventually(() => world.paid().length > 1);
  });

  it('does not wait for the many that a limit has parked, though they look again and again', async () => {
    await start();
    const uid = await world.pioneer();
    const app = await world.instance({ wallet: { payoutLimit: '1' }, inside: { settings: { haltMs: 20 } } });
    await many(app, 56, { uid, amount: '2' });
    await eventually(async () => (await parked(app, (await app.payouts.find('many-55'))!.id)) !== '');
    const ids = [await pay(app, 'small-1'), await pay(app, 'small-2')];
    for (const id of ids) expect(await settled(app, id)).toMatchObject({ state: 'completed' });
    await app.stop();
    await world.instance();
    await eventually(() => world.paid().length > ids.length);
  });

  it.each([
    ['refuses to cancel', { fault: 'error', status: 400, code: 'payment_tx_present' }],
    ['lists for ever although it is cancelled', { fault: 'error', status: 400, code: 'cancelled_payment' }],
    ['cannot be asked to cancel', { fault: 'error', status: 503 }],
  ] as const)('does not wait for a second payment of another key that Pi %s', async (_, fault) => {
    const warn = jest.spyOn(Logger.prototype, 'warn');
    const { pi } = await start();
    const app = await world.instance();
    const uid = await world.pioneer();
    await settled(app, await pay(app, 'first', { uid }));
    const first = pi.payments()[0]!;
    pi.addFault({ match: CANCEL, ...fault });
    const { identifier } = await atPi('', { uid, amount: 0.5, memo: 'Again', metadata: first.metadata });
    await app.stop();
    const next = await world.instance();
    const same = await pay(next, 'same Pioneer', { uid });
    for (const key of ['second', 'third'])
      expect(await settled(next, await pay(next, key))).toMatchObject({ state: 'completed' });
    const told = warn.mock.calls.map(([message]) => String(message)).filter((message) => message.includes(identifier));
    warn.mockRestore();
    expect(told.some((message) => /Pi keeps .* It is tried again\.$/.test(message))).toBe(true);
    await eventually(() => pi.journal({ ...CANCEL, path: `/v2/payments/${identifier}/cancel` }).length > 1);
    const { rows } = await next.ledger.read(({ query }) =>
      query(`select 1 from pi.payout_events where kind = 'orphan' and detail = $1`, [identifier]),
    );
    expect(rows).toHaveLength(1);

    pi.clearFaults();
    expect(await settled(next, same)).toMatchObject({ state: 'completed' });
    expect(pi.payment(identifier).status.cancelled).toBe(true);
  });

  it('does not wait for one in review that Pi has done with, where Pi allows the app one at a time', async () => {
    const { pi } = await start('app');
    const app = await world.instance();
    pi.addFault({ match: { method: 'POST', path: '/v2/payments/*/complete' }, fault: 'error', status: 503 });
    const [reviewed, next] = [await pay(app, 'reviewed'), await pay(app, 'next')];
    await eventually(async () => (await app.payouts.get(reviewed))!.state === 'paid');
    await eventually(() => pi.journal({ method: 'POST', path: '/v2/payments' }).some(({ status }) => status === 400));
    await atPi(`/${(await app.payouts.get(reviewed))!.identifier}/cancel`);
    pi.clearFaults();
    expect(await settled(app, reviewed)).toMatchObject({ state: 'needs_review' });
    expect(await settled(app, next)).toMatchObject({ state: 'completed' });
  });

  it('is told what is in its way where Pi allows the app one at a time, and asks for all of them', async () => {
    const { pi } = await start('app');
    const { identifier } = await atPi('', {
      uid: await world.pioneer(),
      amount: 1,
      memo: 'Theirs',
      metadata: { by: 'another backend' },
    });
    const app = await world.instance();
    const ids: string[] = [];
    for (let i = 0; i < 8; i++) ids.push(await pay(app, `many-${i}`));
    await eventually(async () => (await parked(app, ids[0]!)).includes(identifier));
    const asked = () => pi.journal({ method: 'POST', path: '/v2/payments' }).length;
    const before = asked();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(asked() - before).toBeLessThan(10);
    await atPi(`/${identifier}/cancel`);
    for (const id of [ids[0]!, ids[7]!]) expect(await settled(app, id)).toMatchObject({ state: 'completed' });
  });
});
