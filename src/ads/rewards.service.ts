import { ConflictException, Inject, Injectable, NotFoundException, UnprocessableEntityException } from '@nestjs/common';
import { A2UService, AdsService, type PiAdClaimOutcome, PiLedger, type Payout } from 'nestjs-pi';
import { hasWallet, SETTINGS, type ShopSettings } from '../startup/settings.js';

/** In Pi. */
export const REWARD_AMOUNT = '0.1';

const keyOf = (adId: string): string => `reward:${adId}`;

/** Pays Pioneers for watching ads. */
@Injectable()
export class RewardsService {
  constructor(
    @Inject(SETTINGS) private readonly settings: ShopSettings,
    private readonly ledger: PiLedger,
    private readonly ads: AdsService,
    private readonly payouts: A2UService,
  ) {}

  /**
   * Rewards an ad, once and to the first who asks. The claim and the payout commit together, so neither is ever without
   * the other; asked again by the same Pioneer, the answer is the same payout.
   */
  async claim(adId: string, uid: string): Promise<Payout> {
    if (!hasWallet(this.settings))
      throw new NotFoundException({ statusCode: 404, message: 'This shop pays no rewards: it has no wallet.' });
    await this.ads.verify(adId);
    return this.ledger.transaction(async (tx) => {
      const { outcome } = await this.ads.claim(adId, uid, { tx });
      if (outcome !== 'claimed' && outcome !== 'repeated') throw refusal(outcome);
      // The key makes the second request find the first one's payout.
      return this.payouts.pay(
        { idempotencyKey: keyOf(adId), uid, amount: REWARD_AMOUNT, memo: 'Thank you for watching', metadata: { adId } },
        { tx },
      );
    });
  }

  /** A Pioneer's rewards, newest first. */
  async listOf(uid: string): Promise<Payout[]> {
    if (!hasWallet(this.settings)) return [];
    const { items } = await this.payouts.list({ uid, limit: 50 });
    return items.filter(({ idempotencyKey }) => idempotencyKey.startsWith(keyOf('')));
  }
}

function refusal(outcome: Exclude<PiAdClaimOutcome, 'claimed' | 'repeated'>): Error {
  switch (outcome) {
    case 'taken':
      return new ConflictException({ statusCode: 409, message: 'This ad has been rewarded already.' });
    case 'undecided':
      return new ConflictException({
        statusCode: 409,
        message: 'Pi has not confirmed this ad yet. Try again shortly.',
      });
    case 'failed':
    case 'revoked':
      return new UnprocessableEntityException({ statusCode: 422, message: `Pi says there is no reward: ${outcome}.` });
    default:
      return outcome satisfies never;
  }
}
