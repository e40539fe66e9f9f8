import type { Pioneer } from '../auth/pioneer.js';
import type { PiAmountLike } from '../chain/pi-amount.js';
import type { PiCallOptions } from '../http/call-options.js';
import type { PiPaymentFilter, PiPaymentPage, PiPaymentRecord, PiPaymentResolution } from './pi-payment-record.js';

export interface PiApproveOptions extends PiCallOptions {
  /** What the payment has to be, in Pi, where no `approve` handler says it. */
  readonly amount?: PiAmountLike;
}

/**
 * What `PaymentsService` stands on: the journaled state machine where there is a ledger, the plain client where there is
 * none.
 */
export interface PaymentFlow {
  get(id: string, options?: PiCallOptions): Promise<PiPaymentRecord>;
  approve(id: string, pioneer: Pioneer, options?: PiApproveOptions): Promise<PiPaymentRecord>;
  complete(id: string, txid: string, options?: PiCallOptions): Promise<PiPaymentRecord>;
  cancel(id: string, options?: PiCallOptions): Promise<PiPaymentRecord>;
  synchronise(id: string, options?: PiCallOptions): Promise<PiPaymentRecord>;
  recoverIncomplete(id: string, txid?: string, options?: PiCallOptions): Promise<PiPaymentRecord>;
}

/** What only a journal can do. */
export interface JournaledPaymentFlow extends PaymentFlow {
  noteClientError(id: string, text: string): Promise<PiPaymentRecord>;
  list(filter: PiPaymentFilter): Promise<PiPaymentPage>;
  retry(id: string): Promise<PiPaymentRecord>;
  resolve(id: string, resolution: PiPaymentResolution): Promise<PiPaymentRecord>;
}
