import { PiEmulator } from 'pi-emulator';
import { AdsService, PiAdRefusedError, PiLedger, PiModule } from 'nestjs-pi';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { createPostgres, databases, type TestDatabase } from '../../../../test/support/database.js';

jest.setTimeout(60_000);

async function start(pi: PiEmulator, database?: TestDatabase): Promise<INestApplication> {
  const { apiKey, platformUrl, horizonUrl } = pi;
  const ledger = database && { ledger: database.ledger };
  const imports = [PiModule.forRoot({ apiKey, platformUrl, horizonUrl, network: 'testnet', ...ledger })];
  const app = (await Test.createTestingModule({ imports }).compile()).createNestApplication();
  return app.init();
}

describe('What Pi says of a rewarded ad', () => {
  let pi: PiEmulator;
  let app: INestApplication;
  let ads: AdsService;
  let uid: string;

  beforeAll(async () => {
    pi = await PiEmulator.start({ port: 0 });
    app = await start(pi);
    ads = app.get(AdsService);
    ({ uid } = await pi.createPioneer());
  });
  afterAll(async () => {
    await app?.close();
    await pi?.stop();
  });

  const asked = (adId: string) => pi.journal({ path: `/v2/ads_network/status/${adId}` }).length;

  it.each([
    ['granted', { outcome: 'granted', grantedAt: expect.any(Date) }],
    ['revoked', { outcome: 'revoked', revokedAt: expect.any(Date) }],
    ['failed', { outcome: 'failed' }],
    [null, { outcome: 'undecided' }],
  ] as const)('%s', async (status, expected) => {
    const { adId } = await pi.createAd({ uid, status });
    expect(await ads.status(adId)).toMatchObject({ adId, ...expected });
  });

  it('is waited for while it is undecided', async () => {
    const { adId } = await pi.createAd({ uid, status: null });
    const verified = ads.verify(adId);
    setTimeout(() => void pi.updateAd(adId, { status: 'granted' }), 400);
    expect(await verified).toMatchObject({ outcome: 'granted' });
    expect(asked(adId)).toBeGreaterThan(1);
  });

  it('is waited for only so long', async () => {
    const { adId } = await pi.createAd({ uid, status: null });
    const start = Date.now();
    expect(await ads.verify(adId, { waitMs: 600 })).toMatchObject({ outcome: 'undecided' });
    expect(Date.now() - start).toBeLessThan(2_000);
    expect(asked(adId)).toBeLessThanOrEqual(4);
  });

  it('is not waited for after an abort', async () => {
    const { adId } = await pi.createAd({ uid, status: null });
    const reason = new Error('the Pioneer left');
    const leaving = new AbortController();
    const verified = ads.verify(adId, { waitMs: 60_000, signal: leaving.signal });
    setTimeout(() => leaving.abort(reason), 100);
    await expect(verified).rejects.toBe(reason);
    const before = asked(adId);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(asked(adId)).toBe(before);
  });

  it('is a 404 of Pi for an ad it does not know', async () => {
    await expect(ads.verify('no-such-ad')).rejects.toMatchObject({ platformStatus: 404 });
  });

  it('cannot be claimed without a ledger, and the error says what to do', async () => {
    await expect(ads.claim('an-ad', uid)).rejects.toThrow(/option "ledger"/);
  });
});

describe.each(databases)('A claim of a rewarded ad on $name', ({ create }) => {
  let pi: PiEmulator;
  let database: TestDatabase;
  let app: INestApplication;
  let ads: AdsService;
  let ledger: PiLedger;
  let uid: string;

  beforeAll(async () => {
    pi = await PiEmulator.start({ port: 0 });
    database = await create();
    app = await start(pi, database);
    ads = app.get(AdsService);
    ledger = app.get(PiLedger);
    ({ uid } = await pi.createPioneer());
    await ledger.transaction((tx) => tx.query('create table rewards (ad_id text not null)'));
  });
  afterAll(async () => {
    await app?.close();
    await pi?.stop();
    await database?.drop();
  });

  it('is made once, by the first', async () => {
    const { adId } = await pi.createAd({ uid });
    expect(await ads.claim(adId, uid)).toEqual({ adId, uid, repeated: false });
    expect(await ads.claim(adId, uid)).toEqual({ adId, uid, repeated: true });
    await expect(ads.claim(adId, 'somebody-else')).rejects.toMatchObject({ code: 'PI_AD_TAKEN', reason: 'taken' });
    expect(await ads.claim(adId, uid)).toMatchObject({ repeated: true });
  });

  it('is made once by twenty at the same time, and the others are refused', async () => {
    const { adId } = await pi.createAd({ uid });
    const claims = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => ads.claim(adId, `uid-${index % 5}`)),
    );
    const made = claims.flatMap((claim) => (claim.status === 'fulfilled' ? [claim.value] : []));
    expect(made).toHaveLength(4);
    expect(new Set(made.map((claim) => claim.uid)).size).toBe(1);
    expect(made.filter(({ repeated }) => !repeated)).toHaveLength(1);
    const refused = claims.flatMap((claim) => (claim.status === 'rejected' ? [claim.reason.code] : []));
    expect(refused).toEqual(Array.from({ length: 16 }, () => 'PI_AD_TAKEN'));
  });

  it.each([
    ['revoked', { code: 'PI_AD_NOT_GRANTED', status: 422, retryable: false, headers: {} }],
    ['failed', { code: 'PI_AD_NOT_GRANTED', status: 422, retryable: false, headers: {} }],
    [null, { code: 'PI_AD_UNDECIDED', status: 409, retryable: true, headers: { 'Retry-After': '2' } }],
  ] as const)('throws of an ad that is %s, and may be made later', async (status, expected) => {
    const { adId } = await pi.createAd({ uid, status });
    const refused = ads.claim(adId, uid, { waitMs: 0 });
    await expect(refused).rejects.toBeInstanceOf(PiAdRefusedError);
    await expect(refused).rejects.toMatchObject({ ...expected, adId, reason: status ?? 'undecided' });
    const inTransaction = ledger.transaction((tx) => ads.claim(adId, uid, { tx }));
    await expect(inTransaction).rejects.toMatchObject({ code: expected.code });
    await pi.updateAd(adId, { status: 'granted' });
    expect(await ads.claim(adId, uid)).toMatchObject({ repeated: false });
  });

  it('vanishes with the transaction it was made in, and its reward with it', async () => {
    const { adId } = await pi.createAd({ uid });
    await ads.verify(adId);
    const reward = (fail: boolean) =>
      ledger.transaction(async (tx) => {
        const { repeated } = await ads.claim(adId, uid, { tx });
        if (!repeated) await tx.query('insert into rewards (ad_id) values ($1)', [adId]);
        if (fail) throw new Error('the process dies');
        return repeated;
      });
    await expect(reward(true)).rejects.toThrow('the process dies');
    expect(await reward(false)).toBe(false);
    expect(await reward(false)).toBe(true);
    const { rows } = await ledger.transaction((tx) => tx.query('select * from rewards where ad_id = $1', [adId]));
    expect(rows).toHaveLength(1);
  });

  it('asks Pi nothing inside a transaction, when verify came before', async () => {
    const { adId } = await pi.createAd({ uid });
    await ads.verify(adId);
    const before = pi.journal().length;
    expect(await ledger.transaction((tx) => ads.claim(adId, uid, { tx }))).toMatchObject({ repeated: false });
    expect(pi.journal()).toHaveLength(before);
  });
});

describe('One ad shown to two instances', () => {
  it('is rewarded by one of them', async () => {
    const pi = await PiEmulator.start({ port: 0 });
    const database = await createPostgres();
    const apps = [await start(pi, database), await start(pi, database)];
    const { uid } = await pi.createPioneer();
    const { adId } = await pi.createAd({ uid });
    const claims = await Promise.all(
      Array.from({ length: 10 }, (_, index) => (apps[index % 2] as INestApplication).get(AdsService).claim(adId, uid)),
    );
    expect(claims.filter(({ repeated }) => !repeated)).toHaveLength(1);
    for (const app of apps) await app.close();
    await pi.stop();
    await database.drop();
  });
});
