import { databases } from '../../../../test/support/database.js';
import { openLedger, type TestLedger } from '../../../../test/support/open-ledger.js';
import { claimAd } from './ad-claims.js';
import type { PiLedger } from './pi-ledger.js';

describe.each(databases)('The claim of a rewarded ad on $name', ({ create }) => {
  let opened: TestLedger;
  let ledger: PiLedger;
  beforeAll(async () => {
    opened = await openLedger(create);
    ({ ledger } = opened);
  }, 60_000);
  afterAll(() => opened.close());

  const claim = (adId: string, uid: string, app = '') => ledger.write((s) => claimAd(s, { app, adId, uid }));

  it('is made once, and everybody after is told whose it is', async () => {
    const first = await claim('ad', 'alice');
    expect(first).toEqual({ uid: 'alice', claimedAt: expect.any(Date), first: true });
    const again = { uid: 'alice', claimedAt: first.claimedAt, first: false };
    expect(await claim('ad', 'alice')).toEqual(again);
    expect(await claim('ad', 'bob')).toEqual(again);
  });

  it('has one winner of many at once', async () => {
    const claims = await Promise.all(Array.from({ length: 8 }, (_, i) => claim('rush', `pioneer ${i}`)));
    expect(claims.filter(({ first }) => first)).toHaveLength(1);
    expect(new Set(claims.map(({ uid }) => uid)).size).toBe(1);
  });

  it('is another one in another Pi app', async () => {
    expect(await claim('both', 'alice', 'mainnet')).toMatchObject({ first: true });
    expect(await claim('both', 'bob', 'testnet')).toMatchObject({ first: true });
  });

  it('is free again when its transaction rolls back', async () => {
    const failed = ledger.transaction(async (tx) => {
      await ledger.write((s) => claimAd(s, { app: '', adId: 'undone', uid: 'alice' }), tx);
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await claim('undone', 'bob')).toMatchObject({ uid: 'bob', first: true });
  });
});
