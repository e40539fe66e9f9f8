import { PiAmount } from '../chain/pi-amount.js';
import type { PiNetwork } from '../pi.options.js';
import type { PiMetadata, PiPaidPayment, PiPayment } from '../platform/pi-payment.js';
import type { PiPaymentState } from './payment-state.js';
import type { PiPaymentRecord, PiPaymentResolution } from './pi-payment-record.js';

/** One payment in the journal. */
export interface PaymentRow {
  readonly id: string;
  readonly uid: string;
  readonly amount: PiAmount;
  readonly memo: string;
  readonly metadata: PiMetadata;
  readonly network: PiNetwork;
  readonly fromAddress: string;
  readonly toAddress: string;
  /** Pi's, not ours. */
  readonly createdAt: Date;
  readonly state: PiPaymentState;
  readonly txid?: string;
  /** When the reconciler takes the next step; undefined: none is due. */
  readonly dueAt?: Date;
  /** Tries of the step that is due. */
  readonly attempts: number;
  readonly trouble?: string;
  /** The Pioneer's client brought it up as incomplete, without a transaction. */
  readonly incompleteAt?: Date;
  /** The app, or the reconciler, decided to cancel it at Pi. */
  readonly cancelAskedAt?: Date;
  /** The `cancelled` handler's rows are committed. */
  readonly toldAt?: Date;
  /** It is cancelled, and time to ask the chain once more whether it was paid. */
  readonly isLookDue: boolean;
  readonly refusal?: string;
  readonly reviewReason?: string;
  readonly resolution?: PiPaymentResolution['action'];
  readonly resolvedBy?: string;
  readonly resolvedAt?: Date;
  readonly clientError?: string;
}

/** As the columns arrive: through `pg`, PGlite or an ORM, which parse dates and JSON or do not. */
export interface RawPaymentRow {
  id: string;
  uid: string;
  stroops: string;
  memo: string;
  metadata: unknown;
  network: string;
  from_address: string;
  to_address: string;
  created_at: Date | string;
  state: string;
  txid: string | null;
  due_at: Date | string | null;
  attempts: number;
  trouble: string | null;
  incomplete_at: Date | string | null;
  cancel_asked_at: Date | string | null;
  told_at: Date | string | null;
  is_look_due: boolean;
  refusal: string | null;
  review_reason: string | null;
  resolution: string | null;
  resolved_by: string | null;
  resolved_at: Date | string | null;
  client_error: string | null;
}

/** For `select` and `returning`. Stroops as text: a `bigint` is a string, a number or a BigInt, as the driver likes. */
export const PAYMENT_COLUMNS = `p.id, p.uid, p.stroops::text as stroops, p.memo, p.metadata, p.network, p.from_address,
  p.to_address, p.created_at, p.state, p.txid, p.due_at, p.attempts, p.trouble, p.incomplete_at, p.cancel_asked_at,
  p.told_at, coalesce(p.look_at <= now(), false) as is_look_due, p.refusal, p.review_reason, p.resolution, p.resolved_by, p.resolved_at, p.client_error`;

export function toPaymentRow(raw: RawPaymentRow): PaymentRow {
  return {
    id: raw.id,
    uid: raw.uid,
    amount: PiAmount.ofStroops(BigInt(raw.stroops)),
    memo: raw.memo,
    metadata: (typeof raw.metadata === 'string' ? JSON.parse(raw.metadata) : raw.metadata) as PiMetadata,
    network: raw.network as PiNetwork,
    fromAddress: raw.from_address,
    toAddress: raw.to_address,
    createdAt: new Date(raw.created_at),
    state: raw.state as PiPaymentState,
    attempts: raw.attempts,
    isLookDue: raw.is_look_due,
    ...optional({
      txid: raw.txid,
      dueAt: date(raw.due_at),
      trouble: raw.trouble,
      incompleteAt: date(raw.incomplete_at),
      cancelAskedAt: date(raw.cancel_asked_at),
      toldAt: date(raw.told_at),
      refusal: raw.refusal,
      reviewReason: raw.review_reason,
      resolution: raw.resolution as PiPaymentResolution['action'] | null,
      resolvedBy: raw.resolved_by,
      resolvedAt: date(raw.resolved_at),
      clientError: raw.client_error,
    }),
  };
}

export function toPayment({ id, uid, amount, memo, metadata, network, createdAt }: PaymentRow): PiPayment {
  return { id, uid, amount, memo, metadata, network, createdAt };
}

/** Of a payment with a transaction: the table's check says that one is there from `completing` on. */
export function toPaidPayment(row: PaymentRow): PiPaidPayment {
  return { ...toPayment(row), txid: row.txid as string };
}

/** What the outside gets to see of a row. */
export function toPaymentRecord(row: PaymentRow): PiPaymentRecord {
  return {
    ...toPayment(row),
    state: row.state,
    ...optional({
      txid: row.txid,
      trouble: row.trouble && { attempts: row.attempts, error: row.trouble, ...optional({ nextAt: row.dueAt }) },
      refusal: row.refusal,
      review: row.reviewReason && { reason: row.reviewReason, ...optional({ resolution: resolutionOf(row) }) },
      clientError: row.clientError,
    }),
  };
}

function resolutionOf({ resolution, resolvedBy, resolvedAt }: PaymentRow) {
  return resolution && resolvedBy && resolvedAt && { action: resolution, by: resolvedBy, at: resolvedAt };
}

function date(value: Date | string | null): Date | null {
  return value === null ? null : new Date(value);
}

/** The fields that are there, so that an absent one is absent and not `undefined`. */
function optional<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], null | undefined | ''> } {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== undefined && value !== ''),
  ) as never;
}
