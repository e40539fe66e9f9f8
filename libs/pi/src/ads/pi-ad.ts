/**
 * How a rewarded ad ended. `granted` is the only one to reward; `undecided` means the ad network has not answered yet.
 */
export type PiAdOutcome = 'granted' | 'revoked' | 'failed' | 'undecided';

/** What Pi says of one showing of a rewarded ad. It does not say who watched. */
export interface PiAdStatus {
  readonly adId: string;
  readonly outcome: PiAdOutcome;
  readonly grantedAt?: Date;
  readonly revokedAt?: Date;
}

/** The reward of an ad belongs to this Pioneer: Pi granted the ad, and no other uid was first. */
export interface PiAdClaim {
  readonly adId: string;
  readonly uid: string;
  /**
   * False for the one call that made the claim. True when this Pioneer had claimed the ad before: do again only what does
   * nothing the second time, such as a payout under the same idempotency key.
   */
  readonly repeated: boolean;
}
