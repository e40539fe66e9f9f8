import type { Observable } from 'rxjs';
import type { PiTransaction } from '../ledger/pi-transaction.js';
import type { Payout, PayoutFilter, PayoutPage, PayoutRequest, PayoutResolution } from './payout.js';

/**
 * Pays Pioneers from the app's wallet (App-to-User), each payout at most once, whatever crashes, lags or answers late.
 * Needs the options `ledger` and `wallets`; without them every method throws `PiConfigurationError`.
 *
 * @example
 * const payout = await payouts.pay({ idempotencyKey: `refund:${order.id}`, uid, amount: '1.5', memo: 'Refund' });
 * const settled = await payouts.whenSettled(payout.id, { timeoutMs: 60_000 });
 *
 * @see docs/payouts.md
 */
export abstract class A2UService {
  /**
   * Stores the payout and returns; a worker pays it. With `tx` it commits or vanishes with the caller's own rows.
   * The same key with the same content returns the same payout.
   *
   * @throws PiIdempotencyError the key was used for something else
   * @throws PiPayoutInvalidError the request cannot be paid as it is; nothing was stored
   */
  // The handle's type is the app's own business: a payout only uses `query`.
  // oxlint-disable-next-line typescript/no-explicit-any
  abstract pay(request: PayoutRequest, options?: { tx?: PiTransaction<any> }): Promise<Payout>;

  abstract get(id: string): Promise<Payout | undefined>;

  abstract find(idempotencyKey: string): Promise<Payout | undefined>;

  /** Newest first. */
  abstract list(filter?: PayoutFilter): Promise<PayoutPage>;

  /**
   * Asks for a cancellation and returns the payout as it stands. It ends in `cancelled` once it is proven that no
   * transaction of it can ever apply, and in `completed` when one already has: follow it with {@link whenSettled}.
   *
   * @throws PiPayoutNotFoundError
   */
  abstract cancel(id: string): Promise<Payout>;

  /**
   * Resolves when the payout is `completed`, `cancelled`, `failed` or `needs_review`, by whichever instance.
   *
   * @param options `timeoutMs`: default none.
   * @throws PiPayoutNotFoundError
   * @throws DOMException `AbortError` or `TimeoutError`; the payout goes on.
   * @throws PiUnavailableError this instance shuts down; the payout goes on.
   */
  abstract whenSettled(id: string, options?: { signal?: AbortSignal; timeoutMs?: number }): Promise<Payout>;

  /**
   * A person's decision on a payout in `needs_review`, kept in the audit.
   *
   * @throws PiPayoutNotFoundError
   * @throws PiPayoutResolutionError the payout does not wait for it, or the chain says otherwise
   */
  abstract resolve(id: string, resolution: PayoutResolution): Promise<Payout>;

  /**
   * After a restore of the database: looks for payments of the wallets that it does not know, and marks their payouts
   * paid. Then wakes the lanes of this instance. Call it before `app.init()` or `app.listen()`, and with no other instance
   * running: the lanes begin there, and would pay again what the backup still has as asked for.
   */
  abstract recover(): Promise<void>;

  /** Every change of any payout of this app, seen from any instance. Best effort: the truth is {@link get}. */
  abstract readonly changes: Observable<Payout>;
}
