import type { Chain } from '../chain/chain.js';
import type { ResolvedEmulatorOptions } from '../emulator.options.js';
import type { IdSource } from '../ids.js';
import type { PaymentDto, PaymentRecord } from './payment.js';
import { isObject, readPaymentRequest } from './payment-request.js';
import type { Payments } from './payments.js';
import type { PioneerRecord } from './pioneer.js';
import type { Pioneers } from './pioneers.js';
import { PlatformError } from './platform-error.js';
import { whyNotProof } from './verification.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/** What the app's backend does with payments, by the server API key. */
export class DeveloperCalls {
  constructor(
    private readonly options: ResolvedEmulatorOptions,
    private readonly ids: IdSource,
    private readonly wallets: readonly string[],
    private readonly pioneers: Pioneers,
    private readonly payments: Payments,
    private readonly chain: Pick<Chain, 'transaction'>,
  ) {}

  get(identifier: string): PaymentDto {
    return this.payments.toDto(this.payments.get(identifier));
  }

  /** `POST /payments`: an A2U payment, approved from the start. */
  create(body: unknown): PaymentDto {
    const request = readPaymentRequest(isObject(body) ? body['payment'] : undefined);
    if (typeof request.uid !== 'string' || request.uid === '')
      throw new PlatformError('invalid_arguments', 'The payment has to have a uid');
    if (this.options.network === 'mainnet' && !this.options.a2uOnMainnet)
      throw new PlatformError('feature_not_available', 'App-to-User payments are not available on this network');
    const pioneer = this.recipient(request.uid);
    this.refuseOverLimits(pioneer.uid);
    const payment: PaymentRecord = {
      identifier: this.ids.paymentIdentifier(),
      uid: pioneer.uid,
      stroops: String(request.stroops),
      memo: request.memo,
      metadata: request.metadata,
      from: this.walletFor(request.metadata),
      to: pioneer.walletAddress,
      direction: 'app_to_user',
      createdAt: new Date().toISOString(),
      approved: true,
      completed: false,
      cancelled: false,
      userCancelled: false,
      verified: false,
    };
    this.payments.put(payment);
    return this.payments.toDto(payment);
  }

  approve(identifier: string): PaymentDto {
    const payment = this.payments.get(identifier);
    if (isCancelled(payment)) this.refuse('cancelled_payment', 'This payment is cancelled', payment);
    if (payment.approved) this.refuse('already_approved', 'This payment is already approved', payment);
    payment.approved = true;
    return this.changed(payment);
  }

  complete(identifier: string, body: unknown): PaymentDto {
    const payment = this.payments.get(identifier);
    const txid = readTxid(body);
    if (payment.completed) this.refuse('already_completed', 'This payment is already completed', payment);
    if (isCancelled(payment)) this.refuse('cancelled_payment', 'This payment is cancelled', payment);
    if (payment.txid === undefined) this.link(payment, txid);
    else this.refuseOtherTransaction(payment, txid);
    payment.completed = true;
    return this.changed(payment);
  }

  cancel(identifier: string): PaymentDto {
    const payment = this.payments.get(identifier);
    if (payment.completed) this.refuse('already_completed', 'This payment is already completed', payment);
    if (isCancelled(payment)) this.refuse('cancelled_payment', 'This payment is already cancelled', payment);
    if (payment.txid !== undefined) this.refuse('payment_tx_present', 'This payment has a transaction', payment);
    if (payment.pending) this.refuse('forbidden', 'The Pioneer is paying this payment right now', payment);
    payment.cancelled = true;
    return this.changed(payment);
  }

  incompleteServerPayments(): PaymentDto[] {
    return this.payments.openServerPayments().map((payment) => this.payments.toDto(payment));
  }

  private recipient(uid: string): PioneerRecord {
    const pioneer = this.pioneers.find(uid);
    if (!pioneer) throw new PlatformError('user_not_found', 'No user of this app has this uid');
    if (!pioneer.scopes.includes('wallet_address'))
      throw new PlatformError('missing_scope', 'The user has not granted the wallet_address scope');
    if (pioneer.walletAddress === '') throw new PlatformError('missing_wallet', 'The user has no wallet');
    return pioneer;
  }

  private refuseOverLimits(uid: string): void {
    const ongoing = this.payments.oldestOpenServerPayment(this.options.a2uLimit === 'app' ? undefined : uid);
    if (ongoing) this.refuse('ongoing_payment_found', 'An unfinished payment has to be finished first', ongoing);
    const { maxPaymentsPerUser, maxCancelledPaymentsPerUser } = this.options;
    if (Number.isFinite(Math.min(maxPaymentsPerUser, maxCancelledPaymentsPerUser))) {
      const since = new Date(Date.now() - DAY_MS).toISOString();
      const recent = this.payments
        .ofPioneer(uid)
        .filter((payment) => payment.direction === 'app_to_user' && payment.createdAt > since);
      if (recent.length >= maxPaymentsPerUser)
        throw new PlatformError('too_many_payments', 'This user got too many payments in 24 hours');
      if (recent.filter(isCancelled).length >= maxCancelledPaymentsPerUser)
        throw new PlatformError('too_many_cancelled_payments', 'Too many payments to this user were cancelled');
    }
  }

  /** The first wallet, unless the metadata names the address of another one of the app's. */
  private walletFor(metadata: Record<string, unknown>): string {
    const named = Object.values(metadata).find((value) => this.wallets.includes(value as string));
    return (named as string | undefined) ?? (this.wallets[0] as string);
  }

  /**
   * Verifies the transaction and links it. A failed verification links too, for good: that is Pi's trap, and the reason
   * to look at the chain before `/complete`.
   */
  private link(payment: PaymentRecord, txid: string): void {
    if (payment.direction === 'user_to_app' && (!payment.approved || payment.pending?.txid === txid))
      this.refuse('not_verified', 'The transaction of this payment is not verified yet', payment);
    const problem = whyNotProof(payment, this.chain.transaction(txid));
    payment.txid = txid;
    payment.verified = problem === undefined;
    this.payments.put(payment);
    if (problem !== undefined)
      throw new PlatformError('verification_failed', 'The transaction does not match the payment', {
        verificationError: problem,
      });
  }

  private refuseOtherTransaction(payment: PaymentRecord, txid: string): void {
    if (!payment.verified)
      throw new PlatformError('verification_failed', 'The payment is already linked with a transaction', {
        verificationError: 'payment_already_linked_with_a_tx',
      });
    if (payment.txid !== txid) this.refuse('txid_mismatch', 'The payment has another transaction', payment);
  }

  private changed(payment: PaymentRecord): PaymentDto {
    this.payments.put(payment);
    return this.payments.toDto(payment);
  }

  private refuse(code: ConstructorParameters<typeof PlatformError>[0], message: string, payment: PaymentRecord): never {
    throw new PlatformError(code, message, { payment: this.payments.toDto(payment) });
  }
}

const isCancelled = (payment: PaymentRecord): boolean => payment.cancelled || payment.userCancelled;

function readTxid(body: unknown): string {
  if (!isObject(body)) throw new PlatformError('missing_param', 'The body has to be { "txid": … }');
  const { txid } = body;
  if (txid === undefined || txid === null || txid === '')
    throw new PlatformError('missing_txid', 'The txid is missing');
  if (typeof txid !== 'string') throw new PlatformError('invalid_arguments', 'The txid has to be a text');
  return txid;
}
