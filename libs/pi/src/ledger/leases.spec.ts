import { databases } from '../../../../test/support/database.js';
import { openLedger, type TestLedger } from '../../../../test/support/open-ledger.js';
import { acquireLease, fence, releaseLease, renewLease, type Lease } from './leases.js';
import { PiLedger } from './pi-ledger.js';

describe.each(databases)('Leases on $name', ({ create }) => {
  let opened: TestLedger;
  let ledger: PiLedger;
  let name: string;
  let count = 0;

  beforeAll(async () => {
    opened = await openLedger(create);
    ({ ledger } = opened);
  }, 60_000);
  beforeEach(() => {
    name = `lane:${++count}`;
  });
  afterAll(() => opened.close());

  const acquire = (holder: string, ttlMs = 60_000) => ledger.write((s) => acquireLease(s, name, holder, ttlMs));
  const renew = (lease: Lease) => ledger.write((s) => renewLease(s, lease, 60_000));
  const fenced = (lease: Lease) => ledger.write((s) => fence(s, lease));

  it('has one holder however many ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => acquire(`worker ${i}`)));
    expect(answers.filter(Boolean)).toEqual([{ name, token: 1n }]);
  });

  it('passes on when it expires, with a higher token', async () => {
    const first = (await acquire('a', 0))!;
    const second = (await acquire('b'))!;
    expect(second.token).toBe(first.token + 1n);
    expect(await fenced(first)).toBe(false);
    expect(await renew(first)).toBe(false);
    expect(await fenced(second)).toBe(true);
  });

  it('can be kept after it expired, as long as nobody took it', async () => {
    const lease = (await acquire('a', 0))!;
    expect(await renew(lease)).toBe(true);
    expect(await acquire('b')).toBeUndefined();
  });

  it('is free at once when given back, and only its holder can give it back', async () => {
    const first = (await acquire('a', 0))!;
    const second = (await acquire('b'))!;
    await ledger.write((s) => releaseLease(s, first));
    expect(await acquire('c')).toBeUndefined();
    await ledger.write((s) => releaseLease(s, second));
    expect(await acquire('c')).toEqual({ name, token: 3n });
  });
});

describe('Leases on PostgreSQL, between two connections', () => {
  it('are not taken over in the middle of a fenced transaction, even when they have expired', async () => {
    const database = await databases[0]!.create();
    const ledger = new PiLedger(database.ledger);
    const name = 'lane';
    const lease = (await ledger.write((s) => acquireLease(s, name, 'a', 0)))!;
    let taken: Lease | undefined;
    await ledger.write(async (session) => {
      expect(await fence(session, lease)).toBe(true);
      const other = new PiLedger(database.ledger);
      taken = await other.write((s) => acquireLease(s, name, 'b', 1_000));
      await other.onApplicationShutdown();
    });
    expect(taken).toBeUndefined();
    expect(await ledger.write((s) => acquireLease(s, name, 'b', 1_000))).toEqual({ name, token: 2n });
    await ledger.onApplicationShutdown();
    await database.drop();
  });
});
