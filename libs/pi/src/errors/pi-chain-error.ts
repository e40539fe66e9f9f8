import { PiError } from './pi-error.js';

/** What is wrong on the chain, with the status facing our caller and whether waiting helps. */
const KINDS = {
  /** Not on the chain (yet): Horizon lags, or it was never sent. */
  PI_TX_NOT_FOUND: { status: 409, retryable: true },
  /** Entered a ledger, and failed there: no money moved. */
  PI_TX_FAILED: { status: 409, retryable: false },
  /** Not the payment it is presented for: another memo, amount, destination, asset… */
  PI_TX_MISMATCH: { status: 409, retryable: false },
  /** The transaction belongs to another payment. */
  PI_TX_TAKEN: { status: 409, retryable: false },
  /** The Horizon serves another network than configured, or the network was reset. */
  PI_CHAIN_IDENTITY: { status: 500, retryable: false },
  /** Horizon answered something that cannot be read. */
  PI_CHAIN_ANSWER_UNREADABLE: { status: 502, retryable: false },
  /** Horizon refused a request we consider right. */
  PI_CHAIN_REFUSED: { status: 502, retryable: false },
} as const;

export type PiChainErrorCode = keyof typeof KINDS;

/** The Pi blockchain says otherwise. A Horizon that cannot be reached is a `PiUnavailableError` instead. */
export class PiChainError extends PiError {
  readonly code: PiChainErrorCode;
  readonly retryable: boolean;

  constructor(
    code: PiChainErrorCode,
    message: string,
    options: { details?: Readonly<Record<string, unknown>>; cause?: unknown } = {},
  ) {
    const { status, retryable } = KINDS[code];
    super({
      status,
      code,
      message,
      cause: options.cause,
      ...(options.details && { details: options.details }),
      ...(retryable && { retryAfterSeconds: 2 }),
    });
    this.code = code;
    this.retryable = retryable;
  }
}
