import { PiError } from './pi-error.js';

export type PiPaymentMismatchField =
  'uid' | 'amount' | 'direction' | 'network' | 'status' | 'txid' | 'destination' | 'memo';

export interface PiPaymentMismatchInit {
  readonly paymentId: string;
  readonly field: PiPaymentMismatchField;
  readonly expected: string;
  readonly actual: string;
}

/** 409: the payment is not what it would have to be: another owner, amount, direction, network… Nothing was done with it. */
export class PiPaymentMismatchError extends PiError {
  readonly code = 'PI_PAYMENT_MISMATCH' as const;
  readonly retryable = false as const;
  readonly paymentId: string;
  readonly field: PiPaymentMismatchField;
  /** For logs: of an owner, it is not told to the client. */
  readonly expected: string;
  /** For logs: of an owner, it is not told to the client. */
  readonly actual: string;

  constructor(init: PiPaymentMismatchInit) {
    super({
      status: 409,
      code: 'PI_PAYMENT_MISMATCH',
      message:
        init.field === 'uid'
          ? `Payment ${init.paymentId} belongs to another Pioneer.`
          : `The ${init.field} of payment ${init.paymentId} has to be ${init.expected}, but is ${init.actual}.`,
      details: { paymentId: init.paymentId, field: init.field },
    });
    this.paymentId = init.paymentId;
    this.field = init.field;
    this.expected = init.expected;
    this.actual = init.actual;
  }
}
