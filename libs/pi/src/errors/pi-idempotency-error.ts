import { PiError } from './pi-error.js';

/** 409: this idempotency key was used before, for something else. Nothing was done. */
export class PiIdempotencyError extends PiError {
  readonly code = 'PI_IDEMPOTENCY_CONFLICT' as const;
  readonly retryable = false as const;
  readonly idempotencyKey: string;
  /** Names of the fields that differ, e.g. `['amount']`. */
  readonly fields: readonly string[];

  constructor(idempotencyKey: string, fields: readonly string[]) {
    super({
      status: 409,
      code: 'PI_IDEMPOTENCY_CONFLICT',
      message: `The idempotency key "${idempotencyKey}" was used before with another ${fields.join(', ')}. Repeat a request unchanged, or use a new key for a new payout.`,
      details: { fields },
    });
    this.idempotencyKey = idempotencyKey;
    this.fields = fields;
  }
}
