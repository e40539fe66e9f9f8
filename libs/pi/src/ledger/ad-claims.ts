import type { LedgerSession } from './ledger-session.js';

export interface AdClaim {
  readonly uid: string;
  readonly claimedAt: Date;
  /** True for the one call that made the claim. */
  readonly first: boolean;
}

/** Claims a rewarded ad, once only: the first uid wins, and everybody after it is told whose it is. */
export async function claimAd(
  { db }: LedgerSession,
  { app, adId, uid }: { app: string; adId: string; uid: string },
): Promise<AdClaim> {
  const made = await db
    .insertInto('ad_claims')
    .values({ app, ad_id: adId, uid })
    .onConflict((conflict) => conflict.doNothing())
    .returning('claimed_at')
    .executeTakeFirst();
  if (made) return { uid, claimedAt: new Date(made.claimed_at), first: true };
  // The insert waited for the claim in the way to commit, so it can be seen now.
  const earlier = await db
    .selectFrom('ad_claims')
    .select(['uid', 'claimed_at'])
    .where('app', '=', app)
    .where('ad_id', '=', adId)
    .executeTakeFirstOrThrow();
  return { uid: earlier.uid, claimedAt: new Date(earlier.claimed_at), first: false };
}
