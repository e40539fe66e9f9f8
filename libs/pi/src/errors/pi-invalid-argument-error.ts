import { PiError } from './pi-error.js';

/** 400: an argument can never be right, so nothing was asked. Raised before anything leaves the process, e.g. for `../me` as a payment id. */
export class PiInvalidArgumentError extends PiError {
  readonly code = 'PI_INVALID_ARGUMENT' as const;
  readonly retryable = false as const;
  /** Which one, e.g. `'paymentId'`. */
  readonly field: string;

  /** @param expected completes "… has to be" */
  constructor(field: string, value: unknown, expected: string) {
    super({
      status: 400,
      code: 'PI_INVALID_ARGUMENT',
      message: `${field} has to be ${expected}, but is ${shown(value)}.`,
      details: { field },
    });
    this.field = field;
  }
}

function shown(value: unknown): string {
  if (typeof value !== 'string') return value === null ? 'null' : typeof value;
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
}
