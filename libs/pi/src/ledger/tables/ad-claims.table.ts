import type { Generated } from 'kysely';

/** Rewarded ads already claimed: one row an ad, and the first uid wins. */
export interface AdClaimsTable {
  /** Name of the Pi app; `''` is the unnamed one. */
  app: string;
  ad_id: string;
  uid: string;
  claimed_at: Generated<Date>;
}
