/** Which Pi blockchain the emulator plays. */
export type PiNetworkName = 'mainnet' | 'testnet';

/** What is signed into every transaction hash: a transaction of one network is worth nothing on the other. */
export const NETWORK_PASSPHRASES: Readonly<Record<PiNetworkName, string>> = {
  mainnet: 'Pi Network',
  testnet: 'Pi Testnet',
};

/** 1 Pi in stroops, the unit of every amount inside the chain. */
export const STROOPS_PER_PI = 10_000_000n;

export interface ChainOptions {
  /** Default `testnet`. */
  network?: PiNetworkName;
  /** Milliseconds between two ledgers, or `manual`: ledgers close only by {@link Chain.close}. Default 5000. */
  ledgerMs?: number | 'manual';
  /**
   * The least the chain's clock moves with every ledger, in seconds (whole, at least 1: close times are strictly
   * increasing whole seconds). With fast ledgers, 5 keeps Pi's proportion of ledgers to time bounds. Default 1.
   */
  ledgerSeconds?: number;
  /** Ledger protocol version reported. Default 22 on mainnet and 23 on testnet. */
  protocol?: number;
  /** Minimum fee of one operation, in stroops. Default 100,000 (0.01 Pi) as on both Pi networks. */
  baseFee?: bigint;
  /** Reserve of one entry, in stroops; an account keeps two. Default 4,900,000 (0.49 Pi). */
  baseReserve?: bigint;
  /** How long the synchronous submit endpoint waits before it answers 504. Default 30,000. */
  submitTimeoutMs?: number;
  /**
   * Whether every refused envelope is banned for ten ledgers (default), or only those stellar-core's source bans:
   * outbid by a fee surge, expired or too old in the queue. Can be changed on the chain at any time.
   */
  banRefused?: boolean;
  /** Sequence of the first ledger. Default 1. */
  firstLedger?: number;
  /** What time it is, in ms since 1970; for tests that stop the clock. Default `Date.now`. */
  clock?: () => number;
  /** Mixed into the genesis ledger's hash, so that two chains can be told apart (or made alike). Default random. */
  genesis?: string;
}

/** One account, in stroops. Immutable: a change makes a new object. */
export interface ChainAccount {
  readonly balance: bigint;
  readonly sequence: bigint;
  /** Ledger and close time (seconds) of the last change of the sequence number; absent before the first. */
  readonly sequenceLedger?: number;
  readonly sequenceTime?: number;
}

/** An account as it stood at a ledger. */
export interface AccountVersion extends ChainAccount {
  readonly address: string;
  /** The ledger of its last change. */
  readonly ledger: number;
}

/** A closed ledger. */
export interface LedgerHeader {
  readonly sequence: number;
  readonly hash: string;
  readonly previousHash: string;
  /** Close time, whole seconds since 1970 on the chain's clock. */
  readonly closedAt: number;
}

export type MemoType = 'none' | 'text' | 'id' | 'hash' | 'return';

/** An operation as it lies in an applied transaction; stroops as bigint. */
export type AppliedOperation =
  | { type: 'payment'; source: string; destination: string; stroops: bigint }
  | { type: 'create_account'; source: string; destination: string; stroops: bigint }
  | { type: 'bump_sequence'; source: string; bumpTo: bigint }
  | { type: 'other'; source: string; name: string };

/** A transaction in a closed ledger, successful or failed (both have burnt their sequence number and fee). */
export interface AppliedTransaction {
  /** Hash of the outermost envelope: what Horizon lists. */
  readonly hash: string;
  /** Hash of the wrapped transaction, when this is a fee bump. */
  readonly innerHash?: string;
  readonly successful: boolean;
  readonly ledger: number;
  /** Position in the ledger, from 1. */
  readonly order: number;
  readonly closedAt: number;
  readonly sourceAccount: string;
  readonly sequence: bigint;
  readonly feeAccount: string;
  readonly feeCharged: bigint;
  readonly maxFee: bigint;
  readonly innerMaxFee?: bigint;
  readonly memoType: MemoType;
  /** Text (also when not valid UTF-8: see `memoBytes`), decimal id, or base64 of a hash. */
  readonly memo?: string;
  /** Base64 of the raw bytes of a text memo. */
  readonly memoBytes?: string;
  readonly minTime: bigint;
  readonly maxTime: bigint;
  readonly hasTimeBounds: boolean;
  readonly operations: readonly AppliedOperation[];
  readonly operationCodes: readonly string[];
  readonly resultCode: string;
  readonly signatures: readonly string[];
  readonly innerSignatures?: readonly string[];
  /** Every account it touches: whose listings show it. */
  readonly participants: readonly string[];
  readonly envelopeXdr: string;
  readonly resultXdr: string;
}

/** What core found out about a transaction: codes spelt as Horizon spells them (`tx_bad_seq`, `op_underfunded`). */
export interface TransactionResult {
  readonly code: string;
  readonly operations?: readonly string[];
  readonly inner?: { readonly hash: string; readonly code: string; readonly operations?: readonly string[] };
  readonly feeCharged: bigint;
  /** `TransactionResult` as base64 XDR. */
  readonly xdr: string;
}

/** stellar-core's answer to a posted transaction. Only `ERROR` is a refusal, and even that proves nothing for good. */
export type CoreAnswer =
  | { status: 'PENDING' | 'DUPLICATE' | 'TRY_AGAIN_LATER'; hash: string }
  | { status: 'ERROR'; hash: string; result: TransactionResult };

export interface ClosedLedger extends LedgerHeader {
  readonly transactions: readonly AppliedTransaction[];
}
