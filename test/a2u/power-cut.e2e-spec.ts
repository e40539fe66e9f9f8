import { randomUUID } from 'node:crypto';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createPglite } from '../support/database.js';
import { PayoutWorld } from './payout-world.js';

const SETTLE = { timeoutMs: 45_000 };
const LOSSY = { canLoseCommits: true };

describe('An embedded ledger after a power cut', () => {
  let world: PayoutWorld;
  let directory: string;

  beforeEach(async () => {
    world = await PayoutWorld.start(async () => {
      const database = await createPglite();
      ({ directory } = database);
      return database;
    });
  }, 60_000);
  afterEach(() => world.stop(), 30_000);

  const newRequest = async () => ({
    idempotencyKey: randomUUID(),
    uid: await world.pioneer(),
    amount: '0.5',
    memo: 'Dark',
  });

  /** The folder as the disk has it after the cut: older than what was committed, and not closed in order. */
  async function loseAllSince(copy: string): Promise<void> {
    await rm(join(directory, 'postgres'), { recursive: true });
    await cp(copy, join(directory, 'postgres'), { recursive: true });
    await rm(join(directory, 'closed'), { force: true });
    await rm(copy, { recursive: true });
  }

  async function copied(): Promise<string> {
    const copy = `${directory}-copy`;
    await cp(join(directory, 'postgres'), copy, { recursive: true });
    return copy;
  }

  it.each([
    ['that it began to pay', true],
    ['that it was ever asked to pay', false],
  ])(
    'that lost %s does not pay again',
    async (_lost, known) => {
      const request = await newRequest();
      const asking = await world.instance({ inside: LOSSY, idle: true });
      await asking.payouts.pay(known ? request : await newRequest());
      await asking.stop();
      const copy = await copied();

      const before = await world.instance({ inside: LOSSY });
      const { id } = await before.payouts.pay(request);
      const { identifier, txid } = await before.payouts.whenSettled(id, SETTLE);
      await before.stop();
      await loseAllSince(copy);

      const after = await world.instance({ inside: LOSSY });
      const again = await after.payouts.pay(request);
      expect(await after.payouts.whenSettled(again.id, SETTLE)).toMatchObject({ state: 'completed', identifier, txid });
      const keys = world.pi.payments().filter(({ metadata }) => metadata['nestjs_pi_key'] === request.idempotencyKey);
      expect(keys).toHaveLength(1);
    },
    60_000,
  );
});
