import { randomUUID } from 'node:crypto';
import type { Payout, PayoutRequest } from 'nestjs-pi';
import { createPglite, createPostgres, type TestDatabase } from '../support/database.js';
import { startChild } from '../support/child.js';
import { eventually } from '../support/eventually.js';
import { PayoutWorld, QUICK } from './payout-world.js';

const WORKER = 'test/chaos/payout-worker.mjs';

const COMPLETE = { method: 'POST', path: '/v2/payments/:id/complete' } as const;

/** The dead must be missed soon. */
const SETTINGS = { ...QUICK, leaseMs: 500 };

/** Every moment after which a process may die, in the order they come. */
const PAYING = [
  'admitted',
  'create_posted',
  'bound',
  'attempt_signed',
  'attempt_committed',
  'submit_posted',
  'paid_committed',
  'complete_posted',
  'completed_committed',
] as const;
const CANCELLING = ['cancelling_committed', 'cancel_posted', 'cancelled_committed'] as const;

describe.each([
  { name: 'PostgreSQL', create: createPostgres, paying: PAYING, cancelling: CANCELLING },
  // Its first open takes seconds: the steps on either side of a call that moves money.
  {
    name: 'PGlite',
    create: createPglite,
    paying: process.env['EXHAUSTIVE'] ? PAYING : (['attempt_committed', 'submit_posted'] as const),
    cancelling: process.env['EXHAUSTIVE'] ? CANCELLING : (['cancel_posted'] as const),
  },
])('A process killed with SIGKILL on $name', ({ create, paying, cancelling }) => {
  let world: PayoutWorld;
  let database: TestDatabase;

  beforeAll(async () => {
    world = await PayoutWorld.start(create, { ledgerMs: 100 });
    ({ database } = world);
  }, 60_000);
  afterAll(() => world.stop(), 30_000);

  const run = (changes: object) =>
    startChild(WORKER, { pi: world.pi.app(), ledger: database.ledger, settings: SETTINGS, ...changes });

  async function killedAt(step: string, changes: object): Promise<void> {
    const worker = run({ ...changes, killAt: { step } });
    const ended = await worker.ended;
    if (ended !== 'SIGKILL')
      throw new Error(`The worker was to die at ${step}, but ended with ${ended}: ${worker.errors()}`);
  }

  /** The next one is of this process: starting another takes longer than all it has to do. */
  async function finish({ pay: [request] }: { pay: [PayoutRequest] }): Promise<Payout> {
    const next = await world.instance({ inside: { settings: SETTINGS } });
    try {
      const { id } = await next.payouts.pay(request);
      return await next.payouts.whenSettled(id, { timeoutMs: 30_000 });
    } finally {
      await next.stop();
    }
  }

  const newRequest = async () => ({
    idempotencyKey: randomUUID(),
    uid: await world.pioneer(),
    amount: '0.5',
    memo: 'Kill',
  });

  function paymentsOf(key: string): string[] {
    return world.pi
      .payments()
      .filter(({ metadata }) => metadata['nestjs_pi_key'] === key)
      .map(({ identifier }) => identifier);
  }

  it.each(paying)(
    'after %s: the next one pays, exactly once',
    async (step) => {
      const request = await newRequest();
      await killedAt(step, { pay: [request] });
      const settled = await finish({ pay: [request] });
      expect(settled).toMatchObject({ state: 'completed' });
      const identifiers = paymentsOf(request.idempotencyKey);
      expect(identifiers).toEqual([settled.identifier]);
      const paid = world.paid().filter(({ identifier }) => identifiers.includes(identifier));
      expect(paid).toEqual([{ identifier: settled.identifier, hash: settled.txid, amount: '0.5000000' }]);
    },
    60_000,
  );

  it('after submit_noted: the next one looks it up', async () => {
    const request = await newRequest();
    world.pi.chain.adversary.onSubmit({ answer: 'timeout' });
    await killedAt('submit_noted', { pay: [request] });
    const settled = await finish({ pay: [request] });
    expect(settled).toMatchObject({ state: 'completed' });
    expect(world.paid().filter(({ identifier }) => identifier === settled.identifier)).toHaveLength(1);
  }, 60_000);

  it.each(cancelling)(
    'after %s: the next one cancels, and nobody is paid',
    async (step) => {
      const request = await newRequest();
      await killedAt('bound', { pay: [request] });
      await killedAt(step, { pay: [request], cancel: [request.idempotencyKey] });
      const settled = await finish({ pay: [request] });
      expect(settled).toMatchObject({ state: 'cancelled', attempts: [] });
      const [identifier] = paymentsOf(request.idempotencyKey);
      expect(world.pi.payment(identifier!).status).toMatchObject({ cancelled: true });
      expect(world.paid().filter((paid) => paid.identifier === identifier)).toEqual([]);
    },
    60_000,
  );
});

describe('A process with many payouts that Pi is to be told of at once', () => {
  it('warns of nothing', async () => {
    const world = await PayoutWorld.start(createPostgres, { ledgerMs: 50 });
    try {
      world.pi.addFault({ match: COMPLETE, fault: 'error', status: 500 });
      const uids = await Promise.all(Array.from({ length: 14 }, () => world.pioneer()));
      const pay = uids.map((uid) => ({ idempotencyKey: randomUUID(), uid, amount: '0.1', memo: 'Many' }));
      const before = await world.instance();
      const asked = await Promise.all(pay.map((request) => before.payouts.pay(request)));
      for (const { id } of asked) await eventually(async () => (await before.payouts.get(id))!.state === 'paid');
      await before.stop();

      world.pi.clearFaults();
      world.pi.addFault({ match: COMPLETE, fault: 'latency', latencyMs: 1_000 });
      const worker = startChild(WORKER, { pi: world.pi.app(), ledger: world.database.ledger, settings: QUICK, pay });
      expect(await worker.ended).toBe(0);
      expect(worker.lines.filter(({ settled }) => settled)).toHaveLength(pay.length);
      expect(worker.errors()).toBe('');
    } finally {
      await world.stop();
    }
  }, 60_000);
});
