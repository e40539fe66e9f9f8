import type { PiAmount } from '../chain/pi-amount.js';
import type { PiMetadata } from './pi-payment.js';

export interface PaymentStatusDto {
  readonly developer_approved: boolean;
  readonly transaction_verified: boolean;
  readonly developer_completed: boolean;
  /** By the developer or by Pi. */
  readonly cancelled: boolean;
  readonly user_cancelled: boolean;
  readonly [unknown: string]: unknown;
}

export interface PaymentTransactionDto {
  readonly txid: string;
  readonly verified: boolean;
  /** Never request it: of a payment that came through a client it is the client's word. */
  readonly _link?: string;
  readonly [unknown: string]: unknown;
}

/**
 * A payment as on the wire, checked; fields we do not know are kept. `amount` is exact.
 * @see https://github.com/pi-apps/pi-platform-docs/blob/master/platform_API.md
 */
export interface PaymentDto {
  /** 28 base62 characters in every case seen. */
  readonly identifier: string;
  readonly user_uid: string;
  readonly amount: PiAmount;
  readonly memo: string;
  readonly metadata: PiMetadata;
  readonly from_address: string;
  readonly to_address: string;
  readonly direction: 'user_to_app' | 'app_to_user';
  readonly created_at: Date;
  /** `'Pi Network'` or `'Pi Testnet'`; left as it came, `toPiPayment` refuses others. */
  readonly network: string;
  readonly status: PaymentStatusDto;
  /** Null when none was made yet; of an A2U payment, null until it is completed, whether or not the money moved. */
  readonly transaction: PaymentTransactionDto | null;
  readonly [unknown: string]: unknown;
}

/** Body of `POST /payments` (A2U). */
export interface CreatePaymentRequest {
  readonly uid: string;
  readonly amount: PiAmount;
  readonly memo: string;
  /** Not empty: Pi refuses `{}`. */
  readonly metadata: PiMetadata;
}
