/** What a transaction remembers. `text` is set for text memos that are valid UTF-8; `bytes` holds a text memo as it is on the chain. */
export interface ChainMemo {
  readonly type: 'text' | 'id' | 'hash' | 'return';
  readonly text?: string;
  readonly bytes?: Uint8Array;
  /** As Horizon states it: decimal for `id`, base64 for `hash` and `return`. */
  readonly value?: string;
}

/** A transaction as Horizon lists it. Of a fee bump, a listing's `hash` is the wrapper's; source, sequence and memo are the inner transaction's. */
export interface ChainTransaction {
  /** 64 hex digits. */
  readonly hash: string;
  /** Of a fee bump: the hash of the wrapped transaction. */
  readonly innerHash?: string;
  /** Of a fee bump: the hash of the wrapper. Horizon repeats as `hash` the one it was asked for, so that may be the inner. */
  readonly feeBumpHash?: string;
  readonly successful: boolean;
  /** Whose sequence number it consumed: not necessarily the account whose history it is listed in. */
  readonly sourceAccount: string;
  /** The sequence number it consumed (`source_account_sequence`). */
  readonly sequence: bigint;
  readonly feeAccount: string;
  /** Charged, in stroops. */
  readonly feeCharged: bigint;
  /** Offered at most, in stroops. */
  readonly maxFee?: bigint;
  readonly memo?: ChainMemo;
  /** Sequence of the chain ledger it is in. */
  readonly ledger: number;
  readonly createdAt: Date;
  /** Until when it could be applied; undefined: without an end, or until after the year 9999. */
  readonly validBefore?: Date;
  readonly validAfter?: Date;
  readonly operationCount: number;
  /** Base64 XDR, as submitted; of a fee bump, the wrapper's. */
  readonly envelopeXdr: string;
  /** Base64 XDR of the result, where Horizon gives it. */
  readonly resultXdr?: string;
  /** Where the record stands in a listing. */
  readonly pagingToken: string;
}

/** Parsed `TransactionResult` codes of a refusal. */
export interface ChainResultCodes {
  /** E.g. `tx_failed`, `tx_bad_seq`. */
  readonly transaction: string;
  /** Of a fee bump: the inner transaction's. */
  readonly innerTransaction?: string;
  /** E.g. `['op_underfunded']`; empty when Horizon gave none. */
  readonly operations: readonly string[];
}

/**
 * Answer to a submit. Of these only `applied` says something about the money, and it too is looked up before it is believed.
 * @see payouts.md, "Answers of the chain"
 */
export type ChainSubmission =
  /** 200: in a ledger. */
  | {
      readonly kind: 'applied';
      readonly hash: string;
      readonly successful: boolean;
      readonly ledger: number;
      /** The record, where the answer is one: the same that looking it up would give. */
      readonly transaction?: ChainTransaction;
    }
  /** 400 with result codes: this copy was refused; an earlier copy may have applied. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly codes: ChainResultCodes;
      readonly resultXdr?: string;
      readonly hash?: string;
    }
  /** 400 without result codes (`transaction_malformed`): Horizon could not read the envelope; nothing was sent to the chain. */
  | { readonly kind: 'malformed'; readonly status: number; readonly detail: string }
  /** Refused, pending or paid: nobody knows. Post the same envelope again, look up. */
  | {
      readonly kind: 'unknown';
      readonly reason: 'timeout' | 'network' | 'status' | 'rate_limited' | 'unreadable';
      readonly status?: number;
      /** `extras.hash` of a 504, where given. */
      readonly hash?: string;
      readonly retryAfterMs?: number;
      readonly detail: string;
    };
