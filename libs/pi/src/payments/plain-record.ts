import type { PaymentDto } from '../platform/payment.dto.js';
import { toPiPayment } from '../platform/to-pi-payment.js';
import { isCancelled } from './payment-decision.js';
import type { PiPaymentState } from './payment-state.js';
import type { PiPaymentRecord } from './pi-payment-record.js';

/** What Pi shows, in the words of the journal. */
export function toPlainRecord(dto: PaymentDto): PiPaymentRecord {
  const txid = dto.transaction?.txid;
  return { ...toPiPayment(dto), state: stateOf(dto), ...(txid !== undefined && { txid }) };
}

function stateOf(dto: PaymentDto): PiPaymentState {
  if (dto.status.developer_completed) return 'completed';
  if (isCancelled(dto)) return 'cancelled';
  return dto.status.developer_approved ? 'approved' : 'seen';
}
