import type { AppliedTransaction } from '../chain/chain.types.js';
import type { PaymentRecord } from './payment.js';
import type { VerificationError } from './platform-error.js';

/** Why this transaction of the chain does not prove the payment; undefined when it does. */
export function whyNotProof(
  payment: PaymentRecord,
  transaction: AppliedTransaction | undefined,
): VerificationError | undefined {
  if (!transaction) return 'tx_not_found';
  if (!transaction.successful) return 'tx_not_successful';
  if (transaction.memoType !== 'text' || transaction.memo !== payment.identifier)
    return 'tx_memo_payment_identifier_mismatch';
  const [operation, ...others] = transaction.operations;
  if (operation?.type !== 'payment' || others.length > 0) return 'tx_not_a_native_payment';
  if (operation.source !== payment.from) return 'tx_from_address_mismatch';
  if (operation.destination !== payment.to) return 'tx_to_address_mismatch';
  if (operation.stroops !== BigInt(payment.stroops)) return 'tx_amount_mismatch';
  return undefined;
}
