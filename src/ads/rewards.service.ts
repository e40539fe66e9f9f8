import { Inject, Injectable, NotFoundException } from '@nestjs/common';
import { A2UService, AdsService, PiLedger, type PiModuleOptions, type Payout } from 'nestjs-pi';
import { piConfig } from 'nestjs-pi/config';

/** In Pi. */
export const REWARD_AMOUNT = '0.1';

const keyOf = (adId: string): string => `reward:${adId}`;

/** Pays Pioneers for watching ads. */
@Injectable()
export class RewardsService {
  constructor(
    @Inject(piConfig.KEY) private readonly pi: PiModuleOptions,
    private readonly ledger: PiLedger,
    private readonly ads: AdsService,
    private readonly payouts: A2UService,
  ) {}

  /**
   * Rewards an ad, once and to the first who asks. The claim and the payout commit together, so neither is ever without
   * the other; asked again by the same Pioneer, the answer is the same payout.
   */
  async claim(adId: string, uid: string): Promise<Payout> {
    if (!this.pi.wallets)
      throw new NotFoundException({ statusCode: 404, message: 'This shop pays no rewards: it has no wallet.' });
    await this.ads.verify(adId);
    return this.ledger.transaction(async (tx) => {
      await this.ads.claim(adId, uid, { tx });
      // The key makes the second request find the first one's payout.
      return this.payouts.pay(
        { idempotencyKey: keyOf(adId), uid, amount: REWARD_AMOUNT, memo: 'Thank you for watching', metadata: { adId } },
        { tx },
      );
    });
  }

  /** A Pioneer's rewards, newest first. */
  async listOf(uid: string): Promise<Payout[]> {
    if (!this.pi.wallets) return [];
    const { items } = await this.payouts.list({ uid, limit: 50 });
    return items.filter(({ idempotencyKey }) => idempotencyKey.startsWith(keyOf('')));
  }
}
