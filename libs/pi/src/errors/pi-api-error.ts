import type { PiPayment } from '../platform/pi-payment.js';
import type { PiPlatformCode } from '../platform/platform-codes.js';
import { PiError } from './pi-error.js';

export interface PiApiErrorInit {
  readonly code: string;
  readonly message: string;
  /** Status facing our caller. */
  readonly status: number;
  readonly retryable: boolean;
  readonly endpoint: string;
  readonly platformStatus: number;
  readonly platformCode?: PiPlatformCode | undefined;
  readonly payment?: PiPayment | undefined;
  readonly verificationError?: string | undefined;
  /** Default: true for 4xx. */
  readonly refused?: boolean;
  readonly cause?: unknown;
}

/**
 * Pi answered, and the answer is no (or cannot be read).
 *
 * `code` is `PI_` + Pi's own code in capitals (`PI_PAYMENT_NOT_FOUND`), or one of
 * `PI_API_KEY_REFUSED` (500: our configuration, never the caller's 401), `PI_API_ERROR` (a code or status this version does not know),
 * `PI_REDIRECTED` and `PI_ANSWER_UNREADABLE` (502).
 */
export class PiApiError extends PiError {
  readonly code: string;
  readonly retryable: boolean;
  /** Pi's own word, e.g. `'ongoing_payment_found'`. Undefined when the answer carried none. */
  readonly platformCode?: PiPlatformCode;
  /** HTTP status of Pi's answer. */
  readonly platformStatus: number;
  /** Template of the call, e.g. `'POST /payments/{id}/approve'`. */
  readonly endpoint: string;
  /** The payment Pi sent along with its refusal, e.g. the one that is in the way. */
  readonly payment?: PiPayment;
  /** With `verification_failed`: why. */
  readonly verificationError?: string;
  /**
   * True when Pi read the request and said no, so it did nothing. False when that is not certain (`unknown_error`, an answer that could
   * not be read): then the work may have been done.
   */
  readonly refused: boolean;

  constructor(init: PiApiErrorInit) {
    const { code, message, status, cause } = init;
    super({
      code,
      message,
      status,
      cause,
      details: {
        ...(init.platformCode !== undefined && { platformCode: init.platformCode }),
        ...(init.verificationError !== undefined && { verificationError: init.verificationError }),
      },
    });
    this.code = code;
    this.retryable = init.retryable;
    this.endpoint = init.endpoint;
    this.platformStatus = init.platformStatus;
    this.refused = init.refused ?? (init.platformStatus >= 400 && init.platformStatus < 500);
    if (init.platformCode !== undefined) this.platformCode = init.platformCode;
    if (init.payment !== undefined) this.payment = init.payment;
    if (init.verificationError !== undefined) this.verificationError = init.verificationError;
  }
}
