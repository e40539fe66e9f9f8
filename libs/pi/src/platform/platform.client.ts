import type { PiCallOptions } from '../http/call-options.js';
import type { NotificationRequest, NotificationsDto } from './notification.dto.js';
import type { CreatePaymentRequest, PaymentDto } from './payment.dto.js';
import type { RewardedAdStatusDto } from './rewarded-ad-status.dto.js';
import type { UserDto } from './user.dto.js';

/** One method a call of Pi's Platform API v2. */
export abstract class PiPlatformClient {
  abstract me(accessToken: string, options?: PiCallOptions): Promise<UserDto>;
  abstract createPayment(request: CreatePaymentRequest, options?: PiCallOptions): Promise<PaymentDto>;
  abstract getPayment(paymentId: string, options?: PiCallOptions): Promise<PaymentDto>;
  abstract approvePayment(paymentId: string, options?: PiCallOptions): Promise<PaymentDto>;
  abstract completePayment(paymentId: string, txid: string, options?: PiCallOptions): Promise<PaymentDto>;
  abstract cancelPayment(paymentId: string, options?: PiCallOptions): Promise<PaymentDto>;
  abstract incompleteServerPayments(options?: PiCallOptions): Promise<readonly PaymentDto[]>;
  abstract adStatus(adId: string, options?: PiCallOptions): Promise<RewardedAdStatusDto>;
  abstract notify(notifications: readonly NotificationRequest[], options?: PiCallOptions): Promise<NotificationsDto>;
}
