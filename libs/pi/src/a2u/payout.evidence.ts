/**
 * What the rules decide on: facts of our own ledger, and what Pi and the chain answered. Chain times are whole seconds
 * since 1970, as the chain itself counts; no clock of ours is among them.
 *
 * @see payout.rules.ts
 */

/** R: one answer of `GET /accounts/{wallet}`. Everything in it belongs to one snapshot of one Horizon. */
export interface AccountReading {
  /** seq(R): the last sequence number the wallet has used. */
  readonly sequence: bigint;
  /** N: the `Latest-Ledger` header of that answer. */
  readonly ledger: number;
  /** close(N): when exactly ledger N closed. Undefined when it was not asked for: then nothing counts as expired. */
  readonly closedAt?: number;
}

/** One transaction in the wallet's history, as Horizon lists it. */
export interface WalletRecord {
  /** Of a fee bump: the wrapper's. */
  readonly hash: string;
  /** Of a fee bump: the wrapped transaction's. */
  readonly innerHash?: string;
  readonly successful: boolean;
  /** Whose sequence number it consumed: a listing also holds transactions of others that touch the wallet. */
  readonly source: string;
  readonly sequence: bigint;
  readonly memo?: string;
  /** Set when it is one native payment and nothing else. */
  readonly payment?: { readonly source: string; readonly destination: string; readonly stroops: bigint };
  /** Set when it successfully bumped its own source's sequence number: to where. */
  readonly bumpedTo?: bigint;
  readonly ledger: number;
  /** When that ledger closed. */
  readonly closedAt: number;
}

/** Q, before the foreign records are dropped. */
export interface WalletHistory {
  readonly records: readonly WalletRecord[];
  /** Paged down to the account's beginning, as far as this Horizon knows. */
  readonly exhausted: boolean;
}

/** A signed transaction of ours, as it was committed before it was sent. */
export interface Attempt {
  /** 1, 2, 3…: the newest is the last. */
  readonly number: number;
  /** S. */
  readonly sequence: bigint;
  /** T: chain time after which it can no longer apply. */
  readonly maxTime: number;
  readonly hash: string;
}

/** What our ledger says of a payout. */
export interface PayoutFacts {
  readonly key: string;
  readonly wallet: string;
  readonly uid: string;
  readonly stroops: bigint;
  /** Pi's identifier, once bound. */
  readonly identifier?: string;
  /** The Pioneer's wallet, once bound. */
  readonly destination?: string;
  /** `created_at` at Pi, once bound. */
  readonly createdAtPi?: number;
  /** A sequence number of the wallet that was read and committed before the payment was created at Pi. */
  readonly baseline?: bigint;
  /** In the order they were made. */
  readonly attempts: readonly Attempt[];
  /** Somebody or something wants it cancelled. */
  readonly cancelWanted: boolean;
  /**
   * Chain time until which an attempt may exist that this store has lost: set after an unclean start of a store that
   * can lose commits. Undefined: nothing is ever lost.
   */
  readonly lossyUntil?: number;
}

/** A payment as Pi states it. */
export interface PiView {
  readonly identifier: string;
  readonly uid: string;
  readonly stroops: bigint;
  readonly from: string;
  readonly to: string;
  readonly direction: string;
  /** Pi's name of the network, which is the chain's passphrase. */
  readonly network: string;
  readonly cancelled: boolean;
  readonly completed: boolean;
  /** What we put into its metadata at creation. */
  readonly key?: string;
  readonly instance?: string;
  readonly createdAt: number;
  /** Of the transaction Pi has linked. */
  readonly txid?: string;
}

/** Is this Horizon on the chain our attempts were signed for? */
export interface ChainIdentityEvidence {
  /** What the Horizon calls its network. */
  readonly passphrase: string;
  /** What it has to be. */
  readonly expected: string;
  /** Hash of the ledger stored with the newest attempt: ours, and this Horizon's (undefined: it does not know it). */
  readonly anchor?: { readonly stored: string; readonly found?: string };
}

/** All that is looked at for one decision, read after the attempts were loaded under the lease. */
export interface Evidence {
  readonly chain: ChainIdentityEvidence;
  readonly account: AccountReading;
  readonly history: WalletHistory;
  /** The payment as Pi states it now. Undefined when it was not asked for: then nothing new is signed. */
  readonly pi?: PiView;
  /** Chain time at which a gap in the history was first seen, while it stays. */
  readonly gapSince?: number;
  /** The newest attempt was refused for its fee, and the cap allows a higher one. */
  readonly feeTooLow?: boolean;
}
