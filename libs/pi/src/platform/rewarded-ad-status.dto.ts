/** Answer of `GET /ads_network/status/{adId}`. */
export interface RewardedAdStatusDto {
  readonly identifier: string;
  /** Reward on `'granted'` only; null: not decided yet. */
  readonly mediator_ack_status: 'granted' | 'revoked' | 'failed' | null;
  /** ISO 8601. */
  readonly mediator_granted_at: string | null;
  readonly mediator_revoked_at: string | null;
  readonly [unknown: string]: unknown;
}
