import type { ColumnType, Generated } from 'kysely';
import type { PayoutState } from '../../a2u/payout.js';

/** 64-bit integers travel as strings: a double does not hold them. */
type Int8 = ColumnType<string, bigint, bigint>;
type NullableInt8 = ColumnType<string | null, bigint | null | undefined, bigint | null>;
type Timestamp = ColumnType<Date, Date | undefined, Date>;

/** One row a payout (App-to-User). */
export interface PayoutsTable {
  id: string;
  /** Order of arrival. */
  position: ColumnType<string, never, never>;
  /** Name of the Pi app; `''` is the unnamed one. */
  app: string;
  idempotency_key: string;
  /** Public key: the lane. */
  wallet: string;
  uid: string;
  stroops: Int8;
  memo: string;
  /** JSON, keys sorted. */
  metadata: string | null;
  state: Generated<PayoutState>;
  identifier: string | null;
  destination: string | null;
  /** Seconds since 1970, by Pi's clock. */
  created_at_pi: NullableInt8;
  /** Sequence number of the wallet, read and committed before the payment was created at Pi. */
  baseline: NullableInt8;
  /** A `POST /payments` may have gone out. */
  create_sent: Generated<boolean>;
  /** When it was let past the limits, or signed last: from then on it counts for a day. */
  admitted_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
  /** How many `payout_attempts` there are: what an insert of the next one compares with. */
  attempts: Generated<number>;
  txid: string | null;
  /** Why it is to be cancelled. */
  cancel_wanted: string | null;
  reason: string | null;
  review: string | null;
  parked: string | null;
  /** Failures in a row, for the backoff. */
  tries: Generated<number>;
  next_at: Timestamp;
  created_at: Timestamp;
  updated_at: Timestamp;
}

/** Append-only. */
export interface PayoutAttemptsTable {
  payout_id: string;
  number: number;
  wallet: string;
  sequence: Int8;
  /** Seconds since 1970, by the chain's clock. */
  max_time: Int8;
  /** Stroops. */
  fee: Int8;
  hash: string;
  /** Base64 XDR, signed. */
  envelope: string;
  /** A ledger of the chain it was signed for, and its hash: what a reset or another chain would not have. */
  ledger: number;
  ledger_hash: string;
  lease_token: Int8;
  created_at: Timestamp;
}

/** Append-only: the audit. */
export interface PayoutEventsTable {
  id: ColumnType<string, never, never>;
  payout_id: string;
  /** `state`, `answer`, `warning`, `resolution`… */
  kind: string;
  attempt: number | null;
  detail: string | null;
  by: string | null;
  at: Timestamp;
}

export interface PayoutInstancesTable {
  app: string;
  instance: string;
}
