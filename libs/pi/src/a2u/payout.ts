import type { PiAmount, PiAmountLike } from '../chain/pi-amount.js';
import type { PiMetadata } from '../platform/pi-payment.js';

/** What an app asks for: so much, to that Pioneer, once. */
export interface PayoutRequest {
  /**
   * The app's own name for this payout, e.g. `refund:order-17`: 1 to 255 characters. However often it is asked for, it
   * is paid once. It travels in the payment's metadata at Pi, so no secrets in it.
   */
  idempotencyKey: string;
  /** The Pioneer's app-specific id (a UUID), from `/me`. */
  uid: string;
  /** In Pi, more than 0, at most 7 decimals. */
  amount: PiAmountLike;
  /** Shown to the Pioneer; 1 to 255 characters. On the chain the memo is Pi's identifier. */
  memo: string;
  /** Plain JSON, stored at Pi with the payment. The key `nestjs_pi` is the library's own. */
  metadata?: PiMetadata;
  /** Public key or name of the wallet it leaves from. Default: the only one; of several, one has to be named. */
  wallet?: string;
}

/**
 * `requested` (ours) → `created` (Pi knows it) → `signed` → `submitted` → `paid` (on the chain) → `completed` (Pi told).
 * Or it ends in `cancelled` (through `cancelling`) or `failed`, both without a payment. `needs_review` waits for a person.
 */
export type PayoutState =
  | 'requested'
  | 'created'
  | 'signed'
  | 'submitted'
  | 'paid'
  | 'completed'
  | 'cancelling'
  | 'cancelled'
  | 'failed'
  | 'needs_review';

/** One signed transaction of a payout. Of all attempts of a payout, at most one pays. */
export interface PayoutAttempt {
  /** In JSON, a string of decimal digits. */
  readonly sequence: bigint;
  /** 64 hex digits; what Pi calls the txid. */
  readonly hash: string;
  /** Chain time after which it can no longer apply. */
  readonly maxTime: Date;
  /** What Horizon last said to it, e.g. `applied`, `tx_bad_seq`, `unknown: timeout`. */
  readonly outcome?: string;
}

/** Why a person has to look, and what that person may do. */
export interface PayoutReview {
  readonly reason: string;
  readonly actions: readonly PayoutResolution['action'][];
}

export interface Payout {
  readonly id: string;
  readonly idempotencyKey: string;
  readonly uid: string;
  readonly amount: PiAmount;
  readonly memo: string;
  readonly metadata?: PiMetadata;
  readonly state: PayoutState;
  /** Public key of the wallet it leaves from. */
  readonly wallet: string;
  /** Pi's identifier, from `created` on; also the text memo on the chain. */
  readonly identifier?: string;
  /** The transaction that paid, from `paid` on. */
  readonly txid?: string;
  /** The newest, in the order they were made: some twenty, however often it was signed. */
  readonly attempts: readonly PayoutAttempt[];
  readonly review?: PayoutReview;
  /** Why it does not move on for now: a limit was reached, the wallet is empty, Pi says wait… */
  readonly parked?: string;
  /** Of `cancelled`, `cancelling` and `failed`: why. */
  readonly reason?: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/**
 * A person's decision on a payout in `needs_review`; `by` is kept with it.
 *
 * - `paid`: this transaction paid it. It is checked on the chain before it is believed. When it paid the second of two payments of its
 *   key at Pi, the payout is bound to that one.
 * - `retry`: the cause is removed, carry on. Of an unexplained gap it means: nothing in there paid this payout.
 * - `abandon`: give it up. Refused while an attempt can still apply, or when the chain shows that it paid, or that a second payment of its
 *   key did.
 */
export type PayoutResolution =
  { action: 'paid'; txid: string; by: string } | { action: 'retry'; by: string } | { action: 'abandon'; by: string };

export interface PayoutFilter {
  state?: PayoutState | PayoutState[];
  uid?: string;
  /** `next` of the page before. */
  after?: string;
  /** 1 to 200. Default: 50. */
  limit?: number;
}

/** Newest first. */
export interface PayoutPage {
  readonly items: readonly Payout[];
  /** Cursor of the next page; undefined when this was the last. */
  readonly next?: string;
}
