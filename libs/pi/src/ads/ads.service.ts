import { setTimeout as pause } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { PiAdRefusedError } from '../errors/pi-ad-refused-error.js';
import { PiConfigurationError } from '../errors/pi-configuration-error.js';
import type { PiCallOptions } from '../http/call-options.js';
import { claimAd } from '../ledger/ad-claims.js';
import type { PiLedger } from '../ledger/pi-ledger.js';
import type { PiTransaction } from '../ledger/pi-transaction.js';
import type { PiPlatformClient } from '../platform/platform.client.js';
import type { RewardedAdStatusDto } from '../platform/rewarded-ad-status.dto.js';
import type { PiAdClaim, PiAdOutcome, PiAdStatus } from './pi-ad.js';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2_000;
const GRANTED_FOR_MS = 60_000;

export interface PiAdVerifyOptions extends PiCallOptions {
  /** How long to wait for the ad network's decision, in milliseconds. Default: 5,000. */
  readonly waitMs?: number;
}

export interface PiAdClaimOptions extends PiAdVerifyOptions {
  /**
   * The claim commits or vanishes with the rows of this transaction: put the reward into the same one, or a crash between
   * the two costs the Pioneer the reward. Call {@link AdsService.verify} before the transaction is opened: inside it
   * Pi is asked once at most, and only when it has not said "granted" to this process within the last minute.
   */
  // `any`: a transaction of whatever library the app uses.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly tx?: PiTransaction<any>;
}

/**
 * Rewarded ads. The client's word is an `adId` and nothing else: Pi says whether it was granted, and the ledger that it is
 * rewarded once.
 *
 * @see https://github.com/pi-apps/pi-platform-docs/blob/master/ads.md
 */
@Injectable()
export class AdsService {
  /** Where Pi said "granted" a moment ago, so that a claim inside a transaction need not ask. */
  readonly #granted = new LRUCache<string, true>({ max: 10_000, ttl: GRANTED_FOR_MS });

  constructor(
    private readonly platform: PiPlatformClient,
    private readonly ledger: PiLedger<unknown> | undefined,
    /** Name of the Pi app; `''` is the unnamed one. */
    private readonly app: string,
  ) {}

  /**
   * What Pi says of an ad, asked once.
   *
   * @throws PiApiError 404 no such ad of this app.
   */
  async status(adId: string, { signal, timeoutMs, retries }: PiCallOptions = {}): Promise<PiAdStatus> {
    const status = toAdStatus(adId, await this.platform.adStatus(adId, { signal, timeoutMs, retries }));
    if (status.outcome === 'granted') this.#granted.set(adId, true);
    else this.#granted.delete(adId);
    return status;
  }

  /**
   * What Pi says of an ad, asked again with growing pauses while it is undecided, for 5 s unless `waitMs` says otherwise.
   * Still `undecided` after that: ask again later, and do not reward.
   */
  async verify(adId: string, { waitMs = 5_000, ...options }: PiAdVerifyOptions = {}): Promise<PiAdStatus> {
    const until = Date.now() + waitMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const status = await this.status(adId, options);
      const leftMs = until - Date.now();
      if (status.outcome !== 'undecided' || leftMs <= 0) return status;
      await pause(Math.min(pauseMs, leftMs), undefined, options.signal && { signal: options.signal }).catch((error) => {
        options.signal?.throwIfAborted();
        throw error;
      });
    }
  }

  /**
   * Claims the reward of an ad for a Pioneer, and resolves only when it is theirs: granted by Pi, and claimed by this uid,
   * now or earlier. An `adId` does not say who watched: the first uid wins, on however many instances. Needs a ledger.
   *
   * @throws PiAdRefusedError 409 `PI_AD_TAKEN` another uid was first; 409 `PI_AD_UNDECIDED` Pi does not know yet;
   * 422 `PI_AD_NOT_GRANTED` failed or revoked.
   * @throws PiApiError 404 no such ad of this app.
   *
   * @example
   * await ads.verify(adId);
   * await ledger.transaction(async (tx) => {
   *   await ads.claim(adId, uid, { tx });
   *   return payouts.pay({ idempotencyKey: `ad:${adId}`, uid, amount: '0.1', memo: 'Thank you' }, { tx });
   * });
   */
  async claim(adId: string, uid: string, { tx, ...options }: PiAdClaimOptions = {}): Promise<PiAdClaim> {
    const ledger = this.#needLedger();
    const outcome = await this.#outcome(adId, tx !== undefined, options);
    if (outcome !== 'granted') throw new PiAdRefusedError(adId, outcome);
    const claim = await ledger.write((session) => claimAd(session, { app: this.app, adId, uid }), tx);
    if (claim.uid !== uid) throw new PiAdRefusedError(adId, 'taken');
    return { adId, uid, repeated: !claim.first };
  }

  async #outcome(adId: string, inTransaction: boolean, options: PiAdVerifyOptions): Promise<PiAdOutcome> {
    if (inTransaction && this.#granted.has(adId)) return 'granted';
    const asked = inTransaction ? this.status(adId, { ...options, retries: 0 }) : this.verify(adId, options);
    return (await asked).outcome;
  }

  #needLedger(): PiLedger<unknown> {
    if (this.ledger) return this.ledger;
    throw new PiConfigurationError([
      {
        problem: 'AdsService.claim has nowhere to note that an ad was rewarded, so it could be rewarded again',
        fix: 'give PiModule the option "ledger"',
      },
    ]);
  }
}

function toAdStatus(adId: string, dto: RewardedAdStatusDto): PiAdStatus {
  return {
    adId,
    outcome: dto.mediator_ack_status ?? 'undecided',
    ...(dto.mediator_granted_at !== null && { grantedAt: new Date(dto.mediator_granted_at) }),
    ...(dto.mediator_revoked_at !== null && { revokedAt: new Date(dto.mediator_revoked_at) }),
  };
}
