import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { createPostgres, run } from '../../../../test/support/database.js';
import { openLedger, type TestLedger } from '../../../../test/support/open-ledger.js';
import type { LedgerSession } from '../ledger/ledger-session.js';
import type { PiLedger } from '../ledger/pi-ledger.js';
import { LimitReachedError } from './lane-errors.js';
import type { LaneWallet } from './lane-parts.js';
import { holdToLimits } from './payout-limits.js';
import type { PayoutRecord } from './payout-record.js';
import { storePayout } from './payout-store.js';

describe('The limits of a wallet', () => {
  let opened: TestLedger;
  let ledger: PiLedger;
  const wallet = { address: 'GSHOP', name: 'shop', limits: { perDay: 15n } } as LaneWallet;
  const other = { ...wallet, address: 'GOTHER' };

  beforeAll(async () => {
    // The harder case, which an app may have chosen: what others commit meanwhile must count all the same.
    opened = await openLedger(async () => {
      const database = await createPostgres();
      const name = new URL(database.url).pathname.slice(1);
      await run(database.url, `alter database ${name} set default_transaction_isolation = 'repeatable read'`);
      return database;
    });
    ({ ledger } = opened);
  }, 60_000);
  afterAll(() => opened.close());

  const payout = (): Promise<PayoutRecord> => {
    const request = { idempotencyKey: randomUUID(), uid: 'uid', stroops: 10n, memo: 'Limits', metadata: null };
    return ledger.write((session) => storePayout(session, 'shop', wallet.address, request));
  };
  const letPast = async (session: LedgerSession, { id }: PayoutRecord): Promise<void> => {
    await session.db.updateTable('payouts').set({ admitted_at: new Date() }).where('id', '=', id).execute();
  };

  const DAY_AGO = sql<Date>`now() - interval '24 hours 1 minute'`;
  it.each<[string, object, boolean]>([
    ['is still to be paid', { state: 'created' }, true],
    ['may have been created at Pi', { state: 'requested', create_sent: true }, true],
    ['waits for a person', { state: 'needs_review' }, true],
    ['was paid, and Pi does not take it', { state: 'needs_review', txid: 'hash' }, false],
    ['was paid', { state: 'completed', txid: 'hash' }, false],
    ['ended unpaid', { state: 'failed' }, false],
  ])('what was let past more than a day ago and %s (%j) counts: %p', async (_title, set, counts) => {
    const [old, next] = [await payout(), await payout()];
    const outcome = await ledger
      .write(async (session) => {
        const changed = { identifier: randomUUID(), admitted_at: DAY_AGO, ...set };
        await session.db.updateTable('payouts').set(changed).where('id', '=', old.id).execute();
        await holdToLimits(session, wallet, next);
        throw new Error('let past');
      })
      .catch((error: unknown) => error);
    expect(outcome).toEqual(
      counts
        ? new LimitReachedError('the wallet shop may pay 0.0000015 Pi in 24 h, and 0.000001 Pi of it are used')
        : new Error('let past'),
    );
  });

  it('cannot both be taken the last of by two lanes at once: the second waits for the first, and is told', async () => {
    const first = await payout();
    const second = await payout();
    let commit = () => {};
    const mayCommit = new Promise<void>((resolve) => (commit = resolve));
    let isPast = () => {};
    const past = new Promise<void>((resolve) => (isPast = resolve));
    const done: string[] = [];

    const one = ledger.write(async (session) => {
      await holdToLimits(session, wallet, first);
      await letPast(session, first);
      isPast();
      await mayCommit;
    });
    await past;
    const two = ledger
      .write((session) => holdToLimits(session, wallet, second))
      .catch((error: unknown) => error)
      .finally(() => done.push('of the same wallet'));
    await ledger.write((session) => holdToLimits(session, other, second));
    done.push('of another wallet');
    await sleep(200);
    expect(done).toEqual(['of another wallet']);
    commit();
    await one;
    expect(await two).toEqual(
      new LimitReachedError('the wallet shop may pay 0.0000015 Pi in 24 h, and 0.000001 Pi of it are used'),
    );
  });
});
