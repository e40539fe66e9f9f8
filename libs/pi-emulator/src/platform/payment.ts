import { NETWORK_NAMES } from '../network.js';

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
