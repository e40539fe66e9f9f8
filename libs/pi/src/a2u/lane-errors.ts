import { PiUnavailableError } from '../errors/pi-unavailable-error.js';
import { StaleHorizonError } from './chain-reader.js';
import { SignerSilentError } from './signer-in-time.js';

/** No payout of this wallet can be signed before somebody changes something. */
export class LaneHaltedError extends Error {
  override readonly name = 'LaneHaltedError';
}

/** Another worker holds the lane: stop, and write nothing. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/** The payout is no longer as it was read: read it again. */
export class PayoutMovedError extends Error {
  override readonly name = 'PayoutMovedError';
}

/** Pi has this payout's payment, and says of it what cannot be: whether it is the one that was asked for cannot be told. */
export class PaymentUnreadableError extends Error {
  override readonly name = 'PaymentUnreadableError';
}

/** The payout would break a limit of the wallet now; the message says which. */
export class LimitReachedError extends Error {
  override readonly name = 'LimitReachedError';
}

/** Nothing is wrong that waiting does not mend. */
export function isPassing(error: unknown): boolean {
  return (
    error instanceof PiUnavailableError || error instanceof StaleHorizonError || error instanceof SignerSilentError
  );
}
