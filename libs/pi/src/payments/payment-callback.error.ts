import { PiApiError } from '../errors/pi-api-error.js';
import { PiChainError, type PiChainErrorCode } from '../errors/pi-chain-error.js';
import { PiError } from '../errors/pi-error.js';
import { PiPaymentMismatchError } from '../errors/pi-payment-mismatch-error.js';
import { PiPaymentRefusedError } from '../errors/pi-payment-refused-error.js';
import { isNotOurs } from './payment-lookups.js';

/** What a caller without the owner's token gets to read: what went wrong, and nothing about the payment (rule 3). */
export class PaymentCallbackError extends PiError {
  readonly retryable: boolean;

  constructor(
    status: number,
    readonly code: string,
    message: string,
    from?: PiError,
  ) {
    super({ status, code, message, ...(from && { headers: from.headers, cause: from }) });
    this.retryable = from?.retryable ?? false;
  }
}

const CHAIN: Partial<Record<PiChainErrorCode, string>> = {
  PI_TX_NOT_FOUND: 'The transaction is not on the chain yet. Ask again in a moment.',
  PI_TX_FAILED: 'The transaction failed on the chain.',
  PI_TX_MISMATCH: 'The transaction does not pay this payment.',
  PI_TX_TAKEN: 'The transaction belongs to another payment.',
};

/** The same error without what only the owner may know. A payment unknown, another app's or no U2A payment: all alike. */
export function forStrangers(error: unknown): unknown {
  if (isNotOurs(error)) return noSuchPayment();
  if (error instanceof PiChainError) return scrubbed(error, CHAIN[error.code] ?? 'The chain cannot be read.');
  if (error instanceof PiPaymentMismatchError) return scrubbed(error, 'The payment is in no state for this.');
  if (error instanceof PiPaymentRefusedError) return scrubbed(error, 'The payment is refused.');
  if (error instanceof PiApiError) return scrubbed(error, 'Pi does not do this.');
  return error;
}

/** For somebody with a token: what is not theirs looks like what does not exist; of their own they read everything. */
export function forPioneers(error: unknown): unknown {
  const isForeign = error instanceof PiPaymentMismatchError && error.field === 'uid';
  return isForeign || isNotOurs(error) ? noSuchPayment() : error;
}

function noSuchPayment(): PaymentCallbackError {
  return new PaymentCallbackError(404, 'PI_PAYMENT_NOT_FOUND', 'This app has no such payment.');
}

function scrubbed(error: PiError, message: string): PaymentCallbackError {
  return new PaymentCallbackError(error.getStatus(), error.code, message, error);
}
