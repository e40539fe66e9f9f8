/**
 * Ads that were watched, and whose reward is not given yet: the ad network may take minutes to decide, and the page may be
 * closed meanwhile. The shop gives each reward once, however often it is asked.
 */
import { api } from './api.js';

const KEY = 'corner-shop:watched-ads';
const DAY_MS = 86_400_000;

const read = () => JSON.parse(localStorage.getItem(KEY) ?? '[]').filter(({ at }) => Date.now() - at < DAY_MS);
const write = (ads) => localStorage.setItem(KEY, JSON.stringify(ads));

export function noteWatched(uid, adId) {
  write([...read(), { uid, adId, at: Date.now() }]);
}

/** Asks for what this Pioneer is owed. @returns how many rewards are on their way, and how many wait for the ad network */
export async function claimWatched(uid) {
  const outcome = { given: 0, waiting: 0 };
  for (const { adId } of read().filter((ad) => ad.uid === uid)) {
    try {
      await api('POST', '/api/ads/reward', { body: { adId } });
      outcome.given += 1;
    } catch (error) {
      outcome.waiting += 1;
      if (error.code === 'PI_AD_UNDECIDED') continue;
      // A refusal is final; anything else, like Pi being away, is not.
      if (error.status >= 400 && error.status < 429 && error.status !== 401) forget(adId);
      throw error;
    }
    forget(adId);
  }
  return outcome;
}

const forget = (adId) => write(read().filter((ad) => ad.adId !== adId));
