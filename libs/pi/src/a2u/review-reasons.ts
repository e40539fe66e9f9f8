import type { PayoutResolution } from './payout.js';

/** Rule 7: these and no others. */
export type ReviewReason =
  'gap_unexplained' | 'chain_identity_lost' | 'complete_refused' | 'paid_but_cancelled' | 'two_identifiers';

interface ReviewText {
  /** For the operator. */
  readonly text: string;
  readonly actions: readonly PayoutResolution['action'][];
}

/** What a person reads, and may do. */
export const REVIEW_REASONS: Readonly<Record<ReviewReason, ReviewText>> = {
  gap_unexplained: {
    text: "The wallet used sequence numbers that its history does not show, so nobody knows whether one of them paid this payout. Look the wallet up in a block explorer: when a payment with this payout's identifier as memo is there, resolve it as paid with its hash; when there is none, retry (or abandon).",
    actions: ['paid', 'retry', 'abandon'],
  },
  chain_identity_lost: {
    text: 'Horizon is on another chain than the one this payout was signed for: a wrong `horizonUrl`, or the testnet was reset. Correct the address and retry; after a reset, abandon.',
    actions: ['retry', 'abandon'],
  },
  complete_refused: {
    text: 'The Pioneer was paid, but Pi refuses to complete the payment. Retry after settling it with Pi, or accept it as paid.',
    actions: ['retry', 'paid'],
  },
  paid_but_cancelled: {
    text: 'The Pioneer was paid, and the payment is cancelled at Pi: somebody else cancelled it. Accept it as paid; never pay it again under another key.',
    actions: ['paid', 'retry'],
  },
  two_identifiers: {
    text: 'Another payment of this key at Pi was paid than the one this payout is bound to: this database lost writes, or another one uses the same instance. Look both identifiers up in a block explorer (`pi.payout_events` names the other one, and what paid it): resolve it as paid with the hash found; when that one was of another amount or for another Pioneer, abandon.',
    actions: ['paid', 'abandon'],
  },
};

export function isReviewReason(code: string): code is ReviewReason {
  return code in REVIEW_REASONS;
}
