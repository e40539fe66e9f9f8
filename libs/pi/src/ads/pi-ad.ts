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

/**
 * - `claimed`: granted, and this call is the one and only claim: reward now.
 * - `repeated`: the same Pioneer claimed it before; what was given then is all there is.
 * - `taken`: another Pioneer was first.
 * - `revoked`, `failed`: Pi says there is nothing to reward.
 * - `undecided`: Pi does not know yet; ask again in a while.
 */
export type PiAdClaimOutcome = 'claimed' | 'repeated' | 'taken' | 'revoked' | 'failed' | 'undecided';

export interface PiAdClaim {
  readonly adId: string;
  readonly uid: string;
  readonly outcome: PiAdClaimOutcome;
}
