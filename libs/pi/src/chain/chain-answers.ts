import type { ChainTransaction } from './chain-transaction.js';
import type { PiAmount } from './pi-amount.js';

/** `GET /`. */
export interface ChainIdentity {
  readonly passphrase: string;
  readonly horizonVersion: string;
  readonly coreVersion: string;
  readonly protocolVersion: number;
  /** Newest ledger this Horizon has ingested. */
  readonly latestLedger: number;
  /** Oldest ledger it can still answer for. */
  readonly oldestLedger?: number;
}

/** One answer of `GET /accounts/{address}`: body and `ledger` belong to the same database snapshot. */
export interface ChainAccount {
  readonly address: string;
  readonly sequence: bigint;
  /** Native balance. */
  readonly balance: PiAmount;
  /** `Latest-Ledger` header of this very answer. */
  readonly ledger: number;
  readonly subentryCount: number;
  readonly lastModifiedLedger?: number;
}

export interface ChainLedger {
  readonly sequence: number;
  readonly hash: string;
  readonly closedAt: Date;
  /** Stroops an operation. */
  readonly baseFee: bigint;
  /** Stroops an entry of an account. */
  readonly baseReserve: bigint;
  readonly protocolVersion: number;
}

/** All in stroops an operation. */
export interface ChainFeeStats {
  readonly lastLedger: number;
  readonly lastLedgerBaseFee: bigint;
  readonly ledgerCapacityUsage: number;
  readonly feeCharged: ChainFeeQuantiles;
  readonly maxFee: ChainFeeQuantiles;
}
export interface ChainFeeQuantiles {
  readonly min: bigint;
  readonly mode: bigint;
  readonly p50: bigint;
  readonly p95: bigint;
  readonly p99: bigint;
  readonly max: bigint;
}

export interface ChainTransactionPage {
  readonly records: readonly ChainTransaction[];
  /** Cursor of the next page; undefined when this page was the last (it was not full). */
  readonly next?: string;
  /** `Latest-Ledger` header of this answer. */
  readonly ledger?: number;
}

export interface ChainTransactionQuery {
  /** Default: `'desc'`, newest first. */
  readonly order?: 'asc' | 'desc';
  /** `next` of the page before. */
  readonly cursor?: string;
  /** 1 to 200. Default: 200. */
  readonly limit?: number;
  /** Failed ones consume sequence numbers too. Default: false. */
  readonly includeFailed?: boolean;
}
