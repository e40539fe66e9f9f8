import type { ColumnType, Generated } from 'kysely';

type Moment = ColumnType<Date, string | undefined, string | null>;
type Optional<T> = ColumnType<T | null, T | null | undefined, T | null>;

/** The journal of U2A payments: one row a payment of Pi. */
export interface PaymentsTable {
  /** Name of the Pi app; `''` is the unnamed one. */
  app: string;
  /** Pi's identifier. */
  id: string;
  uid: string;
  /** As approved. */
  stroops: ColumnType<string, string, never>;
  memo: string;
  metadata: ColumnType<unknown, string, never>;
  network: string;
  from_address: string;
  to_address: string;
  /** At Pi. */
  created_at: ColumnType<Date, string, never>;
  /** First entered here. */
  seen_at: Generated<Date>;
  /** Of `state`. */
  changed_at: Generated<Date>;
  state: Generated<string>;
  /** Verified on the chain. Unique: one transaction pays one payment. */
  txid: Optional<string>;
  /** When the reconciler takes the next step. Null: none is due. */
  due_at: Optional<Moment>;
  /** Tries of the step that is due. */
  attempts: Generated<number>;
  /** The last error of a handler that is still owed. */
  trouble: Optional<string>;
  /** The Pioneer's client called it incomplete, without a transaction. */
  incomplete_at: Optional<Moment>;
  /** It was decided to cancel it at Pi. */
  cancel_asked_at: Optional<Moment>;
  /** The rows of the `cancelled` handler are committed. */
  told_at: Optional<Moment>;
  /** Of a cancelled one: when the chain is asked once more whether it was paid. Null: it was asked. */
  look_at: Optional<Moment>;
  refusal: Optional<string>;
  review_reason: Optional<string>;
  resolution: Optional<string>;
  resolved_by: Optional<string>;
  resolved_at: Optional<Moment>;
  /** What the Pioneer's client reported. */
  client_error: Optional<string>;
}
