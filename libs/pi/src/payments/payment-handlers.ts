import type { Pioneer } from '../auth/pioneer.js';
import type { PiAmountLike } from '../chain/pi-amount.js';
import type { PiTransaction } from '../ledger/pi-transaction.js';
import type { PiPaidPayment, PiPayment } from '../platform/pi-payment.js';

/** What the app says a payment has to be. The library compares to the stroop, and refuses what is not equal. */
export interface PiApproval {
  /** In Pi, e.g. the price of the product: `'1.5'`. */
  readonly amount: PiAmountLike;
}

export type PiPaymentEvent = 'approve' | 'completed' | 'cancelled';

/** What a method under `@OnPiPayment(event)` has to look like. */
// `any`: a handler names the transaction handle of its own library, which cannot be inferred from here.
// oxlint-disable-next-line typescript/no-explicit-any
export interface PiPaymentHandlers<Handle = any> {
  /**
   * The question whether this payment may be made, asked before Pi is told, perhaps more than once. Owner, direction
   * and network have been checked. Answer with what it has to cost, or throw `PiPaymentRefusedError` to refuse; any
   * other error leaves the payment open, and the Pioneer's SDK asks again.
   */
  approve: (payment: PiPayment, pioneer: Pioneer) => PiApproval | Promise<PiApproval>;
  /**
   * The delivery. Rows written through `tx` commit together with "delivered", once, whatever is retried or killed. One
   * that throws is called again with growing pauses.
   */
  completed: (payment: PiPaidPayment, tx: PiTransaction<Handle>) => Promise<void>;
  /** The Pioneer or the app cancelled, and no money has moved. Its rows commit together with "told", once. */
  cancelled: (payment: PiPayment, tx: PiTransaction<Handle>) => Promise<void>;
}
