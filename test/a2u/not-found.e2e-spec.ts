import type { PiEmulatorOptions } from 'pi-emulator';
import { createPostgres } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { type Instance, PayoutWorld } from './payout-world.js';

describe('A payment that Pi says it does not know', () => {
  let world: PayoutWorld;
  let app: Instance;

  async function begin(options: PiEmulatorOptions = {}): Promise<void> {
    world = await PayoutWorld.start(createPostgres, { ledgerMs: 50, ...options });
    app = await world.instance();
  }
  afterEach(() => world.stop(), 30_000);

  const pay = async (idempotencyKey: string) => {
    const uid = await world.pioneer();
    return (await app.payouts.pay({ idempotencyKey, uid, amount: '1', memo: 'Not found' })).id;
  };
  const look = async (id: string) => (await app.payouts.get(id))!;
  const becomes = (id: string, state: string) => eventually(async () => (await look(id)).state === state);
  /** Whatever is asked about it, by anybody. */
  const unknownAtPi = (path = '(?!incomplete_server)[^/]+') =>
    world.pi.addFault({
      match: { path: `^/v2/payments/${path}` },
      fault: 'error',
      status: 404,
      code: 'payment_not_found',
    });
  const cancelAtPi = (identifier: string) =>
    fetch(`${world.pi.platformUrl}/payments/${identifier}/cancel`, {
      method: 'POST',
      headers: { authorization: `Key ${world.pi.apiKey}` },
    });
  const tolds = (identifier: string, call: string) =>
    world.pi.journal({ method: 'POST', path: `/v2/payments/${identifier}/${call}` }).length;

  it('keeps nobody else from being paid, and is asked for until Pi knows it', async () => {
    await begin();
    unknownAtPi();
    const lost = [await pay('lost-1'), await pay('lost-2')];
    for (const id of lost) await becomes(id, 'created');
    const identifiers = await Promise.all(lost.map(async (id) => (await look(id)).identifier!));
    world.pi.clearFaults();
    unknownAtPi(`(${identifiers.join('|')})`);
    for (const key of ['next-1', 'next-2', 'next-3']) await becomes(await pay(key), 'completed');
    for (const id of lost) expect(await look(id)).toMatchObject({ state: 'created', attempts: [] });
    world.pi.clearFaults();
    for (const id of lost) await becomes(id, 'completed');
    expect(world.paid()).toHaveLength(5);
  });

  it('is not taken for cancelled while Pi lists it as open', async () => {
    await begin();
    world.pi.chain.adversary.onSubmit({ apply: 'never', answer: 'timeout', times: 1_000 });
    const id = await pay('cancel');
    await becomes(id, 'submitted');
    const { identifier } = await look(id);
    unknownAtPi(identifier);
    await app.payouts.cancel(id);
    world.pi.chain.advance(200);
    await becomes(id, 'cancelling');
    await eventually(() => tolds(identifier!, 'cancel') >= 3);
    expect(await look(id)).toMatchObject({ state: 'cancelling' });
    world.pi.clearFaults();
    await becomes(id, 'cancelled');
    expect(world.pi.payments()).toMatchObject([{ identifier, status: { cancelled: true } }]);
  });

  it('counts as cancelled when Pi does not list it either', async () => {
    await begin();
    world.pi.chain.adversary.onSubmit({ apply: 'never', answer: 'timeout', times: 1_000 });
    const id = await pay('cancel');
    await becomes(id, 'submitted');
    const { identifier } = await look(id);
    await cancelAtPi(identifier!);
    unknownAtPi(identifier);
    await app.payouts.cancel(id);
    world.pi.chain.advance(200);
    await becomes(id, 'cancelled');
  });

  it('is for a person to see when it was paid, and settles by itself when Pi knows it again', async () => {
    await begin();
    world.pi.addFault({ match: { path: '/v2/payments/*/complete' }, fault: 'error', status: 503 });
    const id = await pay('paid');
    await becomes(id, 'paid');
    world.pi.clearFaults();
    unknownAtPi();
    await becomes(id, 'needs_review');
    expect((await look(id)).review!.reason).toMatch(/Pi refuses to complete/);
    world.pi.clearFaults();
    await becomes(id, 'completed');
    expect(world.paid()).toHaveLength(1);
  });

  it('or that somebody cancelled there is not waited for, where Pi allows one unfinished payment, once it waits for a person', async () => {
    await begin({ a2uLimit: 'app' });
    world.pi.addFault({ match: { path: '/v2/payments/*/complete' }, fault: 'error', status: 503 });
    const id = await pay('first');
    await becomes(id, 'paid');
    const next = await pay('next');
    const refusals = () => world.pi.journal({ method: 'POST', path: '/v2/payments' }).filter((it) => it.status === 400);
    await eventually(() => refusals().length > 0);
    await cancelAtPi((await look(id)).identifier!);
    world.pi.clearFaults();
    await becomes(id, 'needs_review');
    await becomes(next, 'completed');
  });

  it('is not taken for a stranger’s by a restore when something in between says so: the restore fails', async () => {
    await begin();
    await becomes(await pay('before'), 'completed');
    await app.stop();
    await forget();
    app = await world.instance({ idle: true });
    world.pi.addFault({ match: { path: '/v2/payments/*' }, fault: 'malformed', status: 404 });
    await expect(app.payouts.recover()).rejects.toMatchObject({ platformStatus: 404 });
    world.pi.clearFaults();
    await app.payouts.recover();
    expect(await app.payouts.find('before')).toMatchObject({ state: 'completed' });
  });

  /** Back to a backup from before the first payout. */
  async function forget(): Promise<void> {
    const tables = ['pi.payout_attempts', 'pi.payout_events'];
    const idle = await world.instance({ idle: true });
    await idle.ledger.write(async ({ query }) => {
      for (const table of tables) await query(`alter table ${table} disable trigger all`);
      for (const table of [...tables, 'pi.payouts']) await query(`delete from ${table}`);
      for (const table of tables) await query(`alter table ${table} enable trigger all`);
    });
    await idle.stop();
  }
});
