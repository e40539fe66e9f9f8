import { PiError } from '../errors/pi-error.js';
import { PiUnavailableError } from '../errors/pi-unavailable-error.js';
import type { PayoutResolution } from './payout.js';

/** 422: the request cannot be paid as it is. Nothing was stored. */
export class PiPayoutInvalidError extends PiError {
  readonly code = 'PI_PAYOUT_INVALID' as const;
  readonly retryable = false as const;
  /** Which field of the request. */
  readonly field: string;

  constructor(field: string, problem: string) {
    super({ status: 422, code: 'PI_PAYOUT_INVALID', message: `Payout refused: ${problem}`, details: { field } });
    this.field = field;
  }
}

/** 404: no payout of this app has that id. */
export class PiPayoutNotFoundError extends PiError {
  readonly code = 'PI_PAYOUT_NOT_FOUND' as const;
  readonly retryable = false as const;

  constructor(id: string) {
    super({ status: 404, code: 'PI_PAYOUT_NOT_FOUND', message: `There is no payout ${id}.` });
  }
}

/** 409: this decision does not fit the payout, or the chain says otherwise. Nothing was changed. */
export class PiPayoutResolutionError extends PiError {
  readonly code = 'PI_PAYOUT_RESOLUTION_REFUSED' as const;
  readonly retryable = false as const;

  constructor(id: string, action: PayoutResolution['action'], problem: string) {
    super({
      status: 409,
      code: 'PI_PAYOUT_RESOLUTION_REFUSED',
      message: `Payout ${id} cannot be resolved as "${action}": ${problem}`,
      details: { action },
    });
  }
}

/** 503: whoever waits for a payout waits in an instance that shuts down. The payout itself goes on. */
export function notSettledHere(id: string): PiUnavailableError {
  return new PiUnavailableError({
    reason: 'busy',
    message: `Payout ${id} is not settled yet, and this instance is shutting down. It goes on, here after the restart or in another instance: wait for it there, with the same id.`,
  });
}
