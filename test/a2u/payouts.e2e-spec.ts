import { randomUUID } from 'node:crypto';
import { type Payout, PiIdempotencyError, PiPayoutInvalidError, PiPayoutNotFoundError } from 'nestjs-pi';
import { databases } from '../support/database.js';
import { type Instance, PayoutWorld } from './payout-world.js';

const SETTLE = { timeoutMs: 45_000 };

describe.each(databases)('Payouts on $name', ({ create }) => {
  let world: PayoutWorld;
  let app: Instance;
  let uid: string;

  beforeAll(async () => {
    world = await PayoutWorld.start(create);
    app = await world.instance();
  }, 60_000);
  beforeEach(async () => {
    uid = await world.pioneer();
  });
  afterAll(() => world.stop(), 30_000);

  const request = () => ({ idempotencyKey: `order-${randomUUID()}`, uid, amount: '1.5', memo: 'Refund' });

  it('pays a Pioneer, once, and tells Pi', async () => {
    const asked = await app.payouts.pay({ ...request(), metadata: { order: 17 } });
    expect(asked).toMatchObject({ state: 'requested', uid, memo: 'Refund', metadata: { order: 17 }, attempts: [] });
    const settled = await app.payouts.whenSettled(asked.id, SETTLE);
    expect(settled).toMatchObject({ state: 'completed', attempts: [{ hash: settled.txid, outcome: 'applied' }] });
    expect(JSON.parse(JSON.stringify(settled))).toMatchObject({
      amount: '1.5',
      attempts: [{ sequence: String(settled.attempts[0]!.sequence) }],
    });
    const paid = world.paid().filter(({ identifier }) => identifier === settled.identifier);
    expect(paid).toEqual([{ identifier: settled.identifier, hash: settled.txid, amount: '1.5000000' }]);
    const atPi = world.pi.payment(settled.identifier!);
    expect(atPi.status).toMatchObject({ developer_completed: true, transaction_verified: true });
    expect(atPi.metadata).toMatchObject({ order: 17, nestjs_pi_key: asked.idempotencyKey });
  });

  it('is not held up for as long as a 503 of Horizon, or of something before it, asks: the transaction may have got through', async () => {
    const path = '/transactions';
    world.pi.addFault({ match: { method: 'POST', path }, fault: 'error', status: 503, retryAfter: 600, times: 1 });
    const { id } = await app.payouts.pay(request());
    expect(await app.payouts.whenSettled(id, SETTLE)).toMatchObject({
      state: 'completed',
      attempts: [{ outcome: 'applied' }],
    });
    expect(world.pi.journal({ method: 'POST', path }).map(({ status }) => status)).toContain(503);
  });

  it('answers the same key with the same payout, and refuses it for another content', async () => {
    const first = request();
    const [a, b] = await Promise.all([app.payouts.pay(first), app.payouts.pay({ ...first, amount: 1.5 })]);
    expect(b.id).toBe(a.id);
    await expect(app.payouts.pay({ ...first, amount: '1.5000001' })).rejects.toMatchObject({ fields: ['amount'] });
    await expect(app.payouts.pay({ ...first, memo: 'Other' })).rejects.toThrow(PiIdempotencyError);
    await app.payouts.whenSettled(a.id, SETTLE);
    expect((await app.payouts.pay(first)).state).toBe('completed');
    const { identifier } = (await app.payouts.find(first.idempotencyKey))!;
    expect(world.paid().filter((paid) => paid.identifier === identifier)).toHaveLength(1);
  });

  it('commits or vanishes with the rows of the caller', async () => {
    const lost = request();
    const kept = request();
    await expect(
      app.ledger.transaction(async (tx) => {
        await app.payouts.pay(lost, { tx });
        throw new Error('the order could not be stored');
      }),
    ).rejects.toThrow('the order could not be stored');
    const payout = await app.ledger.transaction((tx) => app.payouts.pay(kept, { tx }));
    expect(await app.payouts.find(lost.idempotencyKey)).toBeUndefined();
    expect(await app.payouts.whenSettled(payout.id, SETTLE)).toMatchObject({ state: 'completed' });
  });

  it.each<[string, object]>([
    ['amount', { amount: '0' }],
    ['amount', { amount: 0.1 + 0.2 }],
    ['amount', { amount: '-1' }],
    ['amount', { amount: '1.00000001' }],
    ['memo', { memo: ' ' }],
    ['memo', { memo: 'x'.repeat(256) }],
    ['memo', { memo: 'a\u0000b' }],
    ['uid', { uid: 'amara' }],
    ['idempotencyKey', { idempotencyKey: '' }],
    ['metadata', { metadata: { big: 1n } }],
    ['metadata', { metadata: { nestjs_pi_key: 'mine' } }],
    ['metadata', { metadata: [] }],
    ['wallet', { wallet: 'no such wallet' }],
  ])('refuses a wrong %s before anything is stored (%#)', async (field, wrong) => {
    const bad = { ...request(), ...wrong } as ReturnType<typeof request>;
    const refused: unknown = await app.payouts.pay(bad).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(PiPayoutInvalidError);
    expect(refused).toMatchObject({ field });
    expect(await app.payouts.find(bad.idempotencyKey)).toBeUndefined();
  });

  it('lists newest first, page by page, filtered', async () => {
    const asked: Payout[] = [];
    for (let i = 0; i < 5; i++) asked.push(await app.payouts.pay({ ...request(), amount: `0.${i + 1}` }));
    const first = await app.payouts.list({ uid, limit: 2 });
    const second = await app.payouts.list({ uid, limit: 2, after: first.next! });
    const third = await app.payouts.list({ uid, limit: 2, after: second.next! });
    const ids = [...first.items, ...second.items, ...third.items].map(({ id }) => id);
    expect(ids).toEqual(asked.map(({ id }) => id).toReversed());
    expect(third.next).toBeUndefined();
    for (const { id } of asked) await app.payouts.whenSettled(id, SETTLE);
    expect((await app.payouts.list({ uid, state: ['completed'] })).items).toHaveLength(5);
    expect((await app.payouts.list({ uid, state: 'failed' })).items).toHaveLength(0);
  }, 30_000);

  it('shows every change', async () => {
    const seen: string[] = [];
    const watching = app.payouts.changes.subscribe((payout) => void seen.push(payout.state));
    const { id } = await app.payouts.pay(request());
    await app.payouts.whenSettled(id, SETTLE);
    watching.unsubscribe();
    expect(seen).toEqual(expect.arrayContaining(['signed']));
  });

  it('fails, and stays unpaid, when the Pioneer has not granted the wallet address', async () => {
    const { uid: shy } = await world.pi.createPioneer({ scopes: ['username', 'payments'] });
    const { id } = await app.payouts.pay({ ...request(), uid: shy });
    const failed = await app.payouts.whenSettled(id, SETTLE);
    expect(failed).toMatchObject({ state: 'failed', attempts: [] });
    expect(failed.reason).toMatch(/^missing_scope/);
  });

  it('knows nothing of a payout that was never asked for', async () => {
    expect(await app.payouts.get(randomUUID())).toBeUndefined();
    expect(await app.payouts.get('../me')).toBeUndefined();
    await expect(app.payouts.cancel(randomUUID())).rejects.toThrow(PiPayoutNotFoundError);
    await expect(app.payouts.whenSettled(randomUUID())).rejects.toThrow(PiPayoutNotFoundError);
  });

  it('stops waiting when told to, while the payout goes on', async () => {
    const idle = await app.payouts.pay(request());
    await expect(app.payouts.whenSettled(idle.id, { timeoutMs: 1 })).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(await app.payouts.whenSettled(idle.id, SETTLE)).toMatchObject({ state: 'completed' });
  });
});
