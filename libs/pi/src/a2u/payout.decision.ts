import type { ReviewReason } from './review-reasons.js';

/** What the rules tell the lane to do next with a payout. */
export type PayoutDecision =
  /** Success of ours is in a ledger. */
  | { readonly do: 'note_paid'; readonly txid: string }
  /** Pi has verified and completed it, with or without us. */
  | { readonly do: 'note_completed'; readonly txid?: string }
  | { readonly do: 'sign'; readonly sequence: bigint; readonly maxTime: number; readonly why: SigningReason }
  /** The newest envelope again; never an older one. */
  | { readonly do: 'post' }
  /** Commit `cancelling`, then ask Pi. */
  | { readonly do: 'cancel'; readonly proof: CancelProof }
  /** Evidence is missing: close(N) of the account reading, or the payment at Pi. */
  | { readonly do: 'ask'; readonly what: 'close' | 'pi' }
  /** The evidence is stale, mixed or short: read it again. */
  | { readonly do: 'read_again'; readonly why: string }
  | { readonly do: 'wait'; readonly why: string }
  /** Pi pays it from another wallet than ours, and nothing is signed: another lane's, if it is one of ours at all. */
  | { readonly do: 'hand_over'; readonly wallet: string }
  /** Pi's payment is not what we asked for: configuration. */
  | { readonly do: 'refuse'; readonly problems: readonly string[] }
  | { readonly do: 'review'; readonly reason: ReviewReason };

export type SigningReason = 'first' | 'raised' | 'renewed' | 'fee';
/** (a), (b) and (c) of rule 3. */
export type CancelProof = 'never_signed' | 'expired' | 'consumed';
