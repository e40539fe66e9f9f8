import type { Chain } from '../chain/chain.js';
import { payment as signedPayment } from '../chain/payment.js';
import { pioneerKeypair } from '../emulated-wallet.js';
import { EmulatorError } from '../emulator-error.js';
import { toPiString } from './amount.js';
import type { PaymentRecord } from './payment.js';
import type { Payments } from './payments.js';

/** How the Pioneer signs. */
export interface SignOptions {
  /** Answer when the transaction has applied. Default: `true` while ledgers close on a timer, `false` when by hand. */
  wait?: boolean;
  /** `false`: the money moves but Pi is not told, as when the wallet dies at the worst moment. Default: `true`. */
  link?: boolean;
}

/** How long a signature is good for, on the chain's clock; a wallet that waits for it gives up by then. */
const SIGNATURE_LIFE_S = 120;
/** Ends a wait only when no ledger closes any more. */
const PATIENCE_MS = 10 * 60 * 1000;

/** The Pioneers' wallets: they pay approved payments with real transactions on the emulated chain. */
export class PioneerWallet {
  constructor(
    private readonly payments: Payments,
    private readonly chain: Chain,
    /** Aborted when this world ends: nobody waits for its ledgers any more. */
    private readonly end: () => AbortSignal,
  ) {}

  /**
   * Signs and submits the payment. Signing again gives the same transaction.
   * @throws EmulatorError 409 when it is not approved, cancelled, no U2A payment, or the wallet cannot pay.
   */
  async sign(payment: PaymentRecord, { wait, link = true }: SignOptions): Promise<{ txid: string }> {
    if (payment.unlinkedTxid !== undefined && link) this.link(payment, payment.unlinkedTxid);
    const earlier = payment.txid ?? payment.unlinkedTxid;
    if (earlier !== undefined) return { txid: earlier };
    // Taken before the first wait: it belongs to the world the payment lives in, not to one that replaced it meanwhile.
    const end = this.end();
    const submitted = wait ? await this.submitWhenFree(payment, link, end) : this.submit(payment, link);
    if (submitted === undefined) throw walletBusy();
    const { txid } = submitted;
    if (wait) await this.untilApplied(payment, txid, end);
    return { txid };
  }

  /** The Pioneer closes the wallet instead of signing. @throws EmulatorError 409 when it is too late. */
  cancel(payment: PaymentRecord): void {
    if (payment.direction !== 'user_to_app')
      throw new EmulatorError('not_user_to_app', 'The Pioneer can cancel only payments to the app.', 409);
    if (payment.pending || payment.txid !== undefined || payment.unlinkedTxid !== undefined)
      throw new EmulatorError('already_signed', `Payment ${payment.identifier} is already signed.`, 409);
    refuseCancelled(payment);
    payment.userCancelled = true;
    this.payments.put(payment);
  }

  /** Takes up what the newest ledger holds. */
  ledgerClosed(closedAt: number): void {
    for (const payment of this.payments.pendingPayments()) {
      const { txid, link, maxTime } = payment.pending ?? { txid: '', link: false, maxTime: 0 };
      const transaction = this.chain.transaction(txid);
      if (!transaction && closedAt <= maxTime) continue;
      delete payment.pending;
      if (transaction?.successful && link) this.link(payment, txid);
      else if (transaction?.successful) payment.unlinkedTxid = txid;
      this.payments.put(payment);
    }
  }

  private link(payment: PaymentRecord, txid: string): void {
    delete payment.unlinkedTxid;
    payment.txid = txid;
    payment.verified = true;
    this.payments.put(payment);
  }

  /** Waits while another payment of the same Pioneer is pending: an account has one pending transaction at a time. */
  private async submitWhenFree(payment: PaymentRecord, link: boolean, end: AbortSignal): Promise<{ txid: string }> {
    const attempt = (): { txid: string } | Error | undefined => {
      try {
        return this.submit(payment, link);
      } catch (error) {
        return error as Error;
      }
    };
    const answer = await this.wait(attempt, end);
    if (answer instanceof Error) throw answer;
    return answer;
  }

  /** The transaction, now pending; undefined while the account has another one pending. */
  private submit(payment: PaymentRecord, link: boolean): { txid: string } | undefined {
    if (payment.pending) return payment.pending;
    refuseUnsignable(payment);
    this.refuseTooPoor(payment);
    if (this.chain.mempool.queue.pendingOf(payment.from)) return undefined;
    const maxTime = Math.floor(this.chain.now() / 1000) + SIGNATURE_LIFE_S;
    const { hash, envelopeXdr } = signedPayment(this.chain, {
      secret: pioneerKeypair(payment.uid).secret(),
      destination: payment.to,
      stroops: BigInt(payment.stroops),
      memo: payment.identifier,
      maxTime,
    });
    const answer = this.chain.submit(envelopeXdr);
    if (answer.status === 'TRY_AGAIN_LATER') return undefined;
    if (answer.status === 'ERROR') throw chainRefused([answer.result.code, ...(answer.result.operations ?? [])]);
    payment.pending = { txid: hash, link, maxTime };
    this.payments.put(payment);
    return payment.pending;
  }

  private refuseTooPoor({ from, stroops }: PaymentRecord): void {
    const balance = this.chain.account(from)?.balance ?? 0n;
    const reserve = 2n * this.chain.baseReserve;
    const fee = this.chain.baseFee;
    if (balance >= BigInt(stroops) + fee + reserve) return;
    throw new EmulatorError(
      'insufficient_balance',
      `The Pioneer's wallet holds ${toPiString(balance)} Pi. The payment takes ${toPiString(BigInt(stroops))} Pi and a ` +
        `fee of ${toPiString(fee)} Pi, and ${toPiString(reserve)} Pi have to stay in the account.`,
      409,
    );
  }

  private async wait<T>(ask: () => T | undefined, signal: AbortSignal): Promise<T> {
    const answer = await this.chain.waitUntil(ask, { timeoutMs: PATIENCE_MS, signal });
    if (answer !== undefined) return answer;
    throw new EmulatorError('stopped', 'The emulator ended before the transaction applied.', 503);
  }

  private async untilApplied(payment: PaymentRecord, txid: string, end: AbortSignal): Promise<void> {
    await this.wait(() => (payment.pending ? undefined : true), end);
    const transaction = this.chain.transaction(txid);
    if (!transaction) throw chainRefused(['expired']);
    if (!transaction.successful) throw chainRefused([transaction.resultCode, ...transaction.operationCodes]);
  }
}

function refuseUnsignable(payment: PaymentRecord): void {
  if (payment.direction !== 'user_to_app')
    throw new EmulatorError('not_user_to_app', 'The Pioneer signs only payments to the app.', 409);
  refuseCancelled(payment);
  if (payment.approved) return;
  throw new EmulatorError(
    'not_approved',
    `Payment ${payment.identifier} is not approved: the app's backend has to call /approve before the wallet opens.`,
    409,
  );
}

function refuseCancelled(payment: PaymentRecord): void {
  if (payment.cancelled || payment.userCancelled)
    throw new EmulatorError('cancelled', `Payment ${payment.identifier} is cancelled.`, 409);
}

const walletBusy = (): EmulatorError =>
  new EmulatorError('wallet_busy', 'The wallet has another transaction pending until the next ledger closes.', 409);

const chainRefused = (codes: readonly string[]): EmulatorError =>
  new EmulatorError('transaction_failed', `The chain refused the transaction: ${codes.join(', ')}.`, 409);
