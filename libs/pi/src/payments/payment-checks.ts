import { PiAmount, type PiAmountLike } from '../chain/pi-amount.js';
import { PiConfigurationError } from '../errors/pi-configuration-error.js';
import { PiPaymentMismatchError } from '../errors/pi-payment-mismatch-error.js';
import type { Pioneer } from '../auth/pioneer.js';
import { PI_NETWORKS } from '../pi.networks.js';
import type { PiNetwork } from '../pi.options.js';
import type { PaymentDto } from '../platform/payment.dto.js';
import type { PiPaymentState } from './payment-state.js';

/** A payment of a Pioneer to this app, on its network: neither a payout (A2U) nor another network's. */
export function checkKind(dto: PaymentDto, network: PiNetwork): void {
  if (dto.direction !== 'user_to_app') throw mismatch(dto, 'direction', 'user_to_app', dto.direction);
  const { passphrase } = PI_NETWORKS[network];
  if (dto.network !== passphrase) throw mismatch(dto, 'network', passphrase, dto.network);
}

export function checkOwner(payment: { id: string; uid: string }, pioneer: Pioneer): void {
  if (payment.uid === pioneer.uid) return;
  throw new PiPaymentMismatchError({
    paymentId: payment.id,
    field: 'uid',
    expected: payment.uid,
    actual: pioneer.uid,
  });
}

/**
 * A payment nobody has priced is never approved.
 *
 * @param required what the app says it has to be; the payment has to be that to the stroop.
 * @param isHandled whether it was an `approve` handler that had to say it.
 */
export function checkPrice(
  payment: { id: string; amount: PiAmount },
  required: PiAmountLike | undefined,
  isHandled: boolean,
): void {
  const expected = PiAmount.of(required ?? unpriced(isHandled));
  if (payment.amount.equals(expected)) return;
  throw new PiPaymentMismatchError({
    paymentId: payment.id,
    field: 'amount',
    expected: `${expected} Pi`,
    actual: `${payment.amount} Pi`,
  });
}

/** The payment has come to a state in which this cannot be done. */
export function wrongState(id: string, expected: string, actual: PiPaymentState): PiPaymentMismatchError {
  return new PiPaymentMismatchError({ paymentId: id, field: 'status', expected, actual });
}

function mismatch(dto: PaymentDto, field: 'direction' | 'network', expected: string, actual: string) {
  return new PiPaymentMismatchError({ paymentId: dto.identifier, field, expected, actual });
}

function unpriced(isHandled: boolean): never {
  throw new PiConfigurationError([
    isHandled
      ? {
          problem: "the 'approve' handler returned no amount",
          fix: 'return { amount }, or throw PiPaymentRefusedError',
        }
      : {
          problem: 'nothing says what a payment has to be',
          fix: "handle it with @OnPiPayment('approve'), or call PaymentsService.approve(id, pioneer, { amount })",
        },
  ]);
}
