import { type EmulatedNetwork, NETWORK_NAMES } from '../network.js';
import { toPiNumber } from './amount.js';

export type PaymentDirection = 'user_to_app' | 'app_to_user';

/** A payment as the Platform API shows it. */
export interface PaymentDto {
  identifier: string;
  user_uid: string;
  /** Pi, as a JSON number with at most 7 decimals: tiny amounts arrive as `1e-7`. */
  amount: number;
  memo: string;
  metadata: Record<string, unknown>;
  from_address: string;
  to_address: string;
  direction: PaymentDirection;
  /** ISO 8601. */
  created_at: string;
  network: (typeof NETWORK_NAMES)[keyof typeof NETWORK_NAMES];
  status: PaymentStatus;
  transaction: PaymentTransaction | null;
}

export interface PaymentStatus {
  developer_approved: boolean;
  transaction_verified: boolean;
  developer_completed: boolean;
  cancelled: boolean;
  user_cancelled: boolean;
}

export interface PaymentTransaction {
  txid: string;
  verified: boolean;
  _link: string;
}

/** A payment as the emulator keeps one: plain JSON. */
export interface PaymentRecord {
  readonly identifier: string;
  readonly uid: string;
  /** Decimal digits. */
  readonly stroops: string;
  readonly memo: string;
  readonly metadata: Record<string, unknown>;
  readonly from: string;
  readonly to: string;
  readonly direction: PaymentDirection;
  /** ISO 8601. */
  readonly createdAt: string;
  approved: boolean;
  completed: boolean;
  cancelled: boolean;
  userCancelled: boolean;
  /** Linked for good: by the wallet after signing, or by a `/complete`, even a failed one. */
  txid?: string;
  /** The linked transaction proves the payment. */
  verified: boolean;
  /** The Pioneer's wallet submitted this transaction; no ledger holds it yet. */
  pending?: SubmittedTransaction;
  /** The Pioneer's money moved, but Pi was not told. */
  unlinkedTxid?: string;
}

export interface SubmittedTransaction {
  txid: string;
  /** Whether Pi hears of it once it applied. */
  link: boolean;
  /** Seconds since 1970, on the chain's clock: it cannot apply later. */
  maxTime: number;
}

/** Nothing more can happen to it. */
export const isSettled = (payment: PaymentRecord): boolean =>
  payment.completed || payment.cancelled || payment.userCancelled;

/** The payment as the Platform API shows it. `horizonUrl` goes into the transaction's link. */
export function toPaymentDto(payment: PaymentRecord, network: EmulatedNetwork, horizonUrl: string): PaymentDto {
  // Until an A2U payment is completed, Pi shows no transaction, whether or not the money moved.
  const hidden = payment.direction === 'app_to_user' && !payment.completed;
  return {
    identifier: payment.identifier,
    user_uid: payment.uid,
    amount: toPiNumber(BigInt(payment.stroops)),
    memo: payment.memo,
    metadata: payment.metadata,
    from_address: payment.from,
    to_address: payment.to,
    direction: payment.direction,
    created_at: payment.createdAt,
    network: NETWORK_NAMES[network],
    status: {
      developer_approved: payment.approved,
      transaction_verified: payment.verified,
      developer_completed: payment.completed,
      cancelled: payment.cancelled,
      user_cancelled: payment.userCancelled,
    },
    transaction:
      payment.txid === undefined || hidden
        ? null
        : {
            txid: payment.txid,
            verified: payment.verified,
            _link: `${horizonUrl}/transactions/${payment.txid}`,
          },
  };
}
