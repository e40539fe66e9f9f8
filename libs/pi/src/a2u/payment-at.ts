import { PiApiError } from '../errors/pi-api-error.js';
import type { PiCallOptions } from '../http/call-options.js';
import type { PaymentDto } from '../platform/payment.dto.js';
import type { PiPlatformClient } from '../platform/platform.client.js';

/**
 * Undefined: Pi says that the memo is not of a payment of this app. Only its own word counts: a 404 of something in between, believed,
 * would have a payment forgotten that was made.
 */
export async function paymentAt(
  platform: PiPlatformClient,
  memo: string,
  call: PiCallOptions = {},
): Promise<PaymentDto | undefined> {
  if (!/^[\w-]{1,64}$/.test(memo)) return undefined;
  try {
    return await platform.getPayment(memo, call);
  } catch (error) {
    if (error instanceof PiApiError && error.platformCode === 'payment_not_found') return undefined;
    throw error;
  }
}
