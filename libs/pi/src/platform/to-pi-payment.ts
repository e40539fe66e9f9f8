import { piNetworkOf } from '../chain/pi-network.js';
import { PiPaymentMismatchError } from '../errors/pi-payment-mismatch-error.js';
import type { PaymentDto } from './payment.dto.js';
import type { PiPayment } from './pi-payment.js';

/**
 * Our view of a payment.
 * @throws PiPaymentMismatchError when its network is neither of Pi's: the same address can exist on several
 */
export function toPiPayment(dto: PaymentDto): PiPayment {
  const network = piNetworkOf(dto.network);
  if (!network) {
    throw new PiPaymentMismatchError({
      paymentId: dto.identifier,
      field: 'network',
      expected: '"Pi Network" or "Pi Testnet"',
      actual: JSON.stringify(dto.network),
    });
  }
  return {
    id: dto.identifier,
    uid: dto.user_uid,
    amount: dto.amount,
    memo: dto.memo,
    metadata: dto.metadata,
    network,
    createdAt: dto.created_at,
  };
}
