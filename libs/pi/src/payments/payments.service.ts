import { Injectable } from '@nestjs/common';
import type { Pioneer } from '../auth/pioneer.js';
import { PiConfigurationError } from '../errors/pi-configuration-error.js';
import type { PiCallOptions } from '../http/call-options.js';
import type { JournaledPaymentFlow, PaymentFlow, PiApproveOptions } from './payment-flow.js';
import type { PiPaymentFilter, PiPaymentPage, PiPaymentRecord, PiPaymentResolution } from './pi-payment-record.js';

/**
 * Payments of Pioneers to the app (U2A). Every call may be repeated, in any order, by several instances at once: what
 * has been done is not done again, and the answer is the same.
 *
 * Pi's answers and the chain are the truth; an identifier or a txid from a client is a hint where to look.
 *
 * With a `ledger` every step is journaled before Pi is told, and deliveries happen exactly once. Without one this is a
 * client with the same checks, and delivering is up to the caller.
 *
 * @see https://github.com/pi-apps/pi-platform-docs/blob/master/payments.md
 */
@Injectable()
export class PaymentsService {
  constructor(private readonly flow: PaymentFlow | JournaledPaymentFlow) {}

  /**
   * The payment and how far it has come: from the journal, else from Pi.
   *
   * @throws PiApiError 404 no such payment of this app.
   */
  get(id: string, options?: PiCallOptions): Promise<PiPaymentRecord> {
    return this.flow.get(id, options);
  }

  /**
   * Checks owner, direction and network, asks the `approve` handler what the payment has to be, compares to the stroop,
   * and tells Pi. Call it from `onReadyForServerApproval`.
   *
   * @param pioneer who asks: the verified owner of the access token, never a uid out of a request body.
   * @throws PiPaymentRefusedError it is not this Pioneer's, not a U2A payment of this network, or the handler refused.
   * @throws PiPaymentMismatchError the amount is not what it has to be.
   * @throws PiConfigurationError neither a handler nor `amount` says what it has to be.
   * @throws PiUnavailableError Pi or the ledger could not be asked; ask again.
   */
  approve(id: string, pioneer: Pioneer, options?: PiApproveOptions): Promise<PiPaymentRecord> {
    return this.flow.approve(id, pioneer, options);
  }

  /**
   * Verifies the transaction on the chain, tells Pi, and hands over to the `completed` handler. Call it from
   * `onReadyForServerCompletion`.
   *
   * Resolves once Pi has completed the payment: `state` is `delivered`, or `completed` while the delivery is to come.
   *
   * @param txid 64 lower-case hexadecimal digits, as the client names it. Where Pi names another, Pi's counts.
   * @throws PiChainError the transaction is not there yet (retryable), failed, or does not pay this payment.
   * @throws PiPaymentRefusedError it was never approved here, was cancelled, or a person has to look at it.
   * @throws PiUnavailableError Pi, Horizon or the ledger could not be asked; ask again.
   */
  complete(id: string, txid: string, options?: PiCallOptions): Promise<PiPaymentRecord> {
    return this.flow.complete(id, txid, options);
  }

  /**
   * Cancels the payment at Pi, unless its money has moved: the chain is asked first. A payment that was paid is completed
   * instead, and the answer's `state` says so.
   *
   * @throws PiUnavailableError Pi or Horizon could not be asked; nothing was cancelled.
   */
  cancel(id: string, options?: PiCallOptions): Promise<PiPaymentRecord> {
    return this.flow.cancel(id, options);
  }

  /** Looks at Pi and follows: a payment the Pioneer cancelled becomes `cancelled`, a completed one is delivered. */
  synchronise(id: string, options?: PiCallOptions): Promise<PiPaymentRecord> {
    return this.flow.synchronise(id, options);
  }

  /**
   * For a payment the SDK hands over in `onIncompletePaymentFound`. One with a transaction is completed. One without is
   * cancelled later on, when it is old enough and the chain shows that nothing was paid.
   *
   * @param txid what the client says; a hint.
   */
  recoverIncomplete(id: string, txid?: string, options?: PiCallOptions): Promise<PiPaymentRecord> {
    return this.flow.recoverIncomplete(id, txid, options);
  }

  /**
   * Keeps what a Pioneer's client reported, cut to 500 characters: one report in 10 s of a payment, and none of one that Pi
   * has completed. Needs a ledger.
   *
   * @throws PiUnavailableError too many are being reported.
   */
  async noteClientError(id: string, text: string): Promise<PiPaymentRecord> {
    return this.journaled('noteClientError').noteClientError(id, text);
  }

  /** Payments of the journal, newest first. Needs a ledger. */
  async list(filter: PiPaymentFilter = {}): Promise<PiPaymentPage> {
    return this.journaled('list').list(filter);
  }

  /** Takes the next step of a payment now, rather than when it is due: the delivery of a `completed` one. Needs a ledger. */
  async retry(id: string): Promise<PiPaymentRecord> {
    return this.journaled('retry').retry(id);
  }

  /** Decides on a payment in `needs_review`. Needs a ledger. */
  async resolve(id: string, resolution: PiPaymentResolution): Promise<PiPaymentRecord> {
    return this.journaled('resolve').resolve(id, resolution);
  }

  private journaled(method: string): JournaledPaymentFlow {
    if ('list' in this.flow) return this.flow;
    throw new PiConfigurationError([
      {
        problem: `PaymentsService.${method} reads the journal of payments, and there is none`,
        fix: 'give PiModule the option "ledger"',
      },
    ]);
  }
}
