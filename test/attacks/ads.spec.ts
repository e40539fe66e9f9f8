import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { AdsService, PiError, PiLedger, PiModule } from 'nestjs-pi';
import { PiEmulator } from 'pi-emulator';
import { createPostgres, type TestDatabase } from '../support/database.js';

jest.setTimeout(60_000);

/** Rewards an ad for a Pioneer, or does not. */
type Reward = (adId: string, uid: string) => Promise<void>;

interface Attack {
  readonly name: string;
  /** What is presented to the shop, once or again and again. */
  readonly present: (pi: PiEmulator, reward: Reward, attacker: string) => Promise<unknown>;
  readonly honest: number;
  /** Codes of the errors it ends in. Default: none, a repeated claim is a fact and no error. */
  readonly refusals?: readonly string[];
}

const ATTACKS: readonly Attack[] = [
  {
    name: 'an ad is presented again',
    honest: 1,
    present: async (pi, reward, uid) => {
      const { adId } = await pi.createAd({ uid });
      for (let again = 0; again < 3; again++) await reward(adId, uid);
    },
  },
  {
    name: 'an ad is presented many times at once',
    honest: 1,
    present: async (pi, reward, uid) => {
      const { adId } = await pi.createAd({ uid });
      await Promise.all(Array.from({ length: 10 }, () => reward(adId, uid)));
    },
  },
  {
    name: 'an ad is handed on to a second account',
    honest: 1,
    refusals: ['PI_AD_TAKEN'],
    present: async (pi, reward, uid) => {
      const { adId } = await pi.createAd({ uid });
      await reward(adId, uid);
      await reward(adId, (await pi.createPioneer()).uid);
    },
  },
  {
    name: 'an ad that was not watched to its end is rewarded',
    honest: 0,
    refusals: ['PI_AD_NOT_GRANTED'],
    present: async (pi, reward, uid) => reward((await pi.createAd({ uid, status: 'failed' })).adId, uid),
  },
  {
    name: 'an ad is presented in other spellings, should Pi take them for the same',
    honest: 1,
    refusals: ['PI_ANSWER_UNREADABLE', 'PI_ANSWER_UNREADABLE'],
    present: async (pi, reward, uid) => {
      const { adId } = await pi.createAd({ uid });
      const { ads } = pi.platform;
      const find = jest.spyOn(ads, 'find').mockImplementation((id) => {
        return ads.export().find((ad) => ad.adId.toLowerCase() === id.toLowerCase());
      });
      for (const spelling of [adId, adId.toUpperCase(), adId.toLowerCase()]) await reward(spelling, uid);
      find.mockRestore();
    },
  },
  {
    name: 'an ad nobody knows is rewarded',
    honest: 0,
    refusals: ['PI_NOT_FOUND'],
    present: async (_pi, reward, uid) => reward('made-up-by-the-client', uid),
  },
];

describe('An attack on the reward for an ad', () => {
  let pi: PiEmulator;
  let database: TestDatabase;
  let app: INestApplication;

  beforeAll(async () => {
    pi = await PiEmulator.start({ port: 0 });
    database = await createPostgres();
    const { apiKey, platformUrl, horizonUrl } = pi;
    const options = { apiKey, platformUrl, horizonUrl, network: 'testnet', ledger: database.ledger } as const;
    const testing = await Test.createTestingModule({ imports: [PiModule.forRoot(options)] }).compile();
    app = testing.createNestApplication();
    await app.init();
  });
  afterAll(async () => {
    await app?.close();
    await pi?.stop();
    await database?.drop();
  });

  it.each(ATTACKS)('succeeds against a backend that believes the client: $name', async ({ present, honest }) => {
    let rewards = 0;
    const { uid } = await pi.createPioneer();
    // "The SDK said AD_REWARDED."
    await present(pi, async () => void (rewards += 1), uid);
    expect(rewards).toBeGreaterThan(honest);
  });

  it.each(ATTACKS)('fails against AdsService.claim: $name', async ({ present, honest, refusals = [] }) => {
    let rewards = 0;
    const { uid } = await pi.createPioneer();
    const ads = app.get(AdsService);
    const reward: Reward = async (adId, claimant) => {
      // No answer of `verify` is looked at: it is `claim` that must not let anybody through.
      await ads.verify(adId);
      await app.get(PiLedger).transaction(async (tx) => {
        const { repeated } = await ads.claim(adId, claimant, { tx });
        if (!repeated) tx.afterCommit(() => (rewards += 1));
      });
    };
    const refused: PiError[] = [];
    const orRefuse: Reward = (adId, claimant) =>
      reward(adId, claimant).catch((error: unknown) => {
        if (!(error instanceof PiError)) throw error;
        refused.push(error);
      });
    await present(pi, orRefuse, uid);
    expect(refused.map(({ code }) => code)).toEqual(refusals);
    expect(rewards).toBe(honest);
  });
});
