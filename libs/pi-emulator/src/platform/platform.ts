import type { Chain } from '../chain/chain.js';
import { EmulatorError } from '../emulator-error.js';
import type { ResolvedEmulatorOptions } from '../emulator.options.js';
import type { IdSource } from '../ids.js';
import { type AdRecord, Ads } from './ads.js';
import { DeveloperCalls } from './developer-calls.js';
import { type NotificationRecord, Notifications } from './notifications.js';
import type { PaymentRecord } from './payment.js';
import type { PaymentRequest } from './payment-request.js';
import { Payments } from './payments.js';
import type { PioneerRecord, TokenRecord } from './pioneer.js';
import { PioneerWallet } from './pioneer-wallet.js';
import { Pioneers } from './pioneers.js';

/** Everything the Platform remembers, as plain JSON. */
export interface PlatformState {
  pioneers: PioneerRecord[];
  tokens: TokenRecord[];
  payments: PaymentRecord[];
  ads: AdRecord[];
  notifications: NotificationRecord[];
}

/** What Pi's servers know of the app: its Pioneers, payments, ads and notifications. */
export class Platform {
  readonly pioneers: Pioneers;
  readonly payments: Payments;
  readonly ads: Ads;
  readonly notifications: Notifications;
  /** The calls of the app's backend. */
  readonly developer: DeveloperCalls;
  /** The wallet of whichever Pioneer a payment belongs to. */
  readonly pioneerWallet: PioneerWallet;

  constructor(
    readonly options: ResolvedEmulatorOptions,
    readonly ids: IdSource,
    readonly wallets: readonly string[],
    chain: Chain,
    horizonUrl: () => string,
    end: () => AbortSignal,
  ) {
    this.pioneers = new Pioneers(options.appId, ids);
    this.payments = new Payments(options.network, horizonUrl);
    this.ads = new Ads(ids);
    this.notifications = new Notifications(ids, this.pioneers);
    this.developer = new DeveloperCalls(options, ids, wallets, this.pioneers, this.payments, chain);
    this.pioneerWallet = new PioneerWallet(this.payments, chain, end);
  }

  /** A Pioneer by uid. @throws EmulatorError 404 */
  pioneer(uid: string): PioneerRecord {
    const pioneer = this.pioneers.find(uid);
    if (pioneer) return pioneer;
    throw new EmulatorError('unknown_pioneer', `No Pioneer has the uid ${uid}.`, 404);
  }

  /** A payment by identifier. @throws EmulatorError 404 */
  payment(identifier: string): PaymentRecord {
    const payment = this.payments.find(identifier);
    if (payment) return payment;
    throw new EmulatorError('unknown_payment', `No payment has the identifier ${identifier}.`, 404);
  }

  /** A payment to the app, made in the Pioneer's browser; it waits for approval. @throws EmulatorError */
  createUserPayment(uid: string, { stroops, memo, metadata }: PaymentRequest): PaymentRecord {
    const pioneer = this.pioneer(uid);
    if (!pioneer.scopes.includes('payments'))
      throw new EmulatorError(
        'missing_scope',
        `The Pioneer ${pioneer.username} has not granted the payments scope.`,
        403,
      );
    if (pioneer.walletAddress === '')
      throw new EmulatorError('missing_wallet', `The Pioneer ${pioneer.username} has no wallet.`, 409);
    const payment: PaymentRecord = {
      identifier: this.ids.paymentIdentifier(),
      uid,
      stroops: String(stroops),
      memo,
      metadata,
      from: pioneer.walletAddress,
      to: this.wallets[0] as string,
      direction: 'user_to_app',
      createdAt: new Date().toISOString(),
      approved: false,
      completed: false,
      cancelled: false,
      userCancelled: false,
      verified: false,
    };
    this.payments.put(payment);
    return payment;
  }

  export(): PlatformState {
    return {
      ...this.pioneers.export(),
      payments: this.payments.export(),
      ads: this.ads.export(),
      notifications: this.notifications.export(),
    };
  }

  import(state: PlatformState): void {
    this.pioneers.import(state);
    this.payments.import(state.payments);
    this.ads.import(state.ads);
    this.notifications.import(state.notifications);
  }
}
