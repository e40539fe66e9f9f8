import { toStroops } from './amount.js';
import { PlatformError } from './platform-error.js';

/** What is asked for when a payment is created, checked. */
export interface PaymentRequest {
  stroops: bigint;
  memo: string;
  metadata: Record<string, unknown>;
}

/**
 * `readAmount` gives stroops; by default of a JSON number only, as Pi takes them.
 * @throws PlatformError `invalid_arguments`, `invalid_amount`, `invalid_metadata`
 */
export function readPaymentRequest(given: unknown, readAmount = ofNumber): PaymentRequest & { uid: unknown } {
  if (!isObject(given)) throw new PlatformError('invalid_arguments', 'The payment has to be an object');
  const { amount, memo, metadata, uid } = given;
  if (typeof memo !== 'string' || memo === '')
    throw new PlatformError('invalid_arguments', 'The payment has to have a memo');
  const stroops = readAmount(amount);
  if (stroops === undefined || stroops === 0n)
    throw new PlatformError('invalid_amount', 'The amount has to be a positive number with at most 7 decimals');
  if (!isObject(metadata) || Object.keys(metadata).length === 0)
    throw new PlatformError('invalid_metadata', 'The metadata has to be an object that is not empty');
  return { stroops, memo, metadata, uid };
}

const ofNumber = (amount: unknown): bigint | undefined => (typeof amount === 'number' ? toStroops(amount) : undefined);

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
