import { PiError } from './pi-error.js';

/** 422: the app refuses this payment. Thrown by `@OnPiPayment('approve')` handlers; the reason reaches the client. */
export class PiPaymentRefusedError extends PiError {
  readonly code = 'PI_PAYMENT_REFUSED' as const;
  readonly retryable = false as const;
  readonly reason: string;

  constructor(reason: string) {
    super({ status: 422, code: 'PI_PAYMENT_REFUSED', message: `The payment is refused: ${reason}` });
    this.reason = reason;
  }
}
