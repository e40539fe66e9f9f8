import { PiUnavailableError } from '../errors/pi-unavailable-error.js';
import { StaleHorizonError } from './chain-reader.js';
import { SignerSilentError } from './signer-in-time.js';

/** No payout of this wallet can be signed before somebody changes something. */
export class LaneHaltedError extends Error {
  override readonly name = 'LaneHaltedError';
}

/** Pi has this payout's payment, and says of it what cannot be: whether it is the one that was asked for cannot be told. */
export class PaymentUnreadableError extends Error {
  override readonly name = 'PaymentUnreadableError';
}

/** Nothing is wrong that waiting does not mend. */
export function isPassing(error: unknown): boolean {
  return (
    error instanceof PiUnavailableError || error instanceof StaleHorizonError || error instanceof SignerSilentError
  );
}
