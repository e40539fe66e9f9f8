import type { PaymentDto } from './payment.js';

/** Codes of the Platform API with the status they are answered with. */
const STATUS = {
  unauthorized: 401,
  missing_scope: 401,
  payment_not_found: 404,
  user_not_found: 404,
  ad_not_found: 404,
  not_found: 404,
  forbidden: 403,
} as const satisfies Record<string, number>;

/** Everything the Platform API can say no with. */
export type PlatformErrorCode =
  | keyof typeof STATUS
  | 'already_approved'
  | 'already_completed'
  | 'altered_amount'
  | 'cancelled_payment'
  | 'feature_not_available'
  | 'invalid_address'
  | 'invalid_amount'
  | 'invalid_arguments'
  | 'invalid_metadata'
  | 'missing_param'
  | 'missing_txid'
  | 'missing_wallet'
  | 'not_verified'
  | 'ongoing_payment_found'
  | 'payment_already_linked_with_a_tx'
  | 'payment_tx_present'
  | 'too_many_cancelled_payments'
  | 'too_many_payments'
  | 'txid_mismatch'
  | 'unknown_error'
  | 'verification_failed';

/** Why a transaction does not prove a payment. */
export type VerificationError =
  | 'payment_already_linked_with_a_tx'
  | 'tx_not_found'
  | 'tx_not_successful'
  | 'tx_not_a_native_payment'
  | 'tx_memo_payment_identifier_mismatch'
  | 'tx_from_address_mismatch'
  | 'tx_to_address_mismatch'
  | 'tx_amount_mismatch';

/** A refusal of the Platform API, in its envelope. */
export class PlatformError extends Error {
  override readonly name = 'PlatformError';
  readonly payment: PaymentDto | undefined;
  readonly verificationError: VerificationError | undefined;

  constructor(
    readonly code: PlatformErrorCode,
    message: string,
    extra: { payment?: PaymentDto; verificationError?: VerificationError } = {},
  ) {
    super(message);
    this.payment = extra.payment;
    this.verificationError = extra.verificationError;
  }

  get status(): number {
    return platformStatus(this.code);
  }

  toBody(): object {
    return {
      error: this.code,
      error_message: this.message,
      ...(this.payment && { payment: this.payment }),
      ...(this.verificationError && { verification_error: this.verificationError }),
    };
  }
}

/** HTTP status the Platform API answers a code with: 400 unless known otherwise. */
export function platformStatus(code: string): number {
  return (STATUS as Record<string, number>)[code] ?? 400;
}
