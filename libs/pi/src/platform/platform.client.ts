import type { HttpService } from '@nestjs/axios';
import { Logger } from '@nestjs/common';
import { PiApiError } from '../errors/pi-api-error.js';
import { PiTokenRefusedError } from '../errors/pi-token-refused-error.js';
import { UnreadableAnswer } from '../http/answer-reader.js';
import type { PiCallOptions } from '../http/call-options.js';
import { PiCaller, type PiCallRequest, type PiReply } from '../http/caller.js';
import { PiCall, type PiCallObserver } from '../http/pi-call.js';
import { checkedToken, checkedTxid, createPaymentBody, pathOfAd, pathOfPayment } from './arguments.js';
import {
  readAdStatus,
  readIncompletePayments,
  readNotifications,
  readPayment,
  readUser,
  type UnreadablePaymentListener,
} from './dto-readers.js';
import type { NotificationRequest, NotificationsDto } from './notification.dto.js';
import type { CreatePaymentRequest, PaymentDto } from './payment.dto.js';
import { platformRefusal } from './platform-refusal.js';
import type { RewardedAdStatusDto } from './rewarded-ad-status.dto.js';
import type { UserDto } from './user.dto.js';

export interface PiPlatformClientOptions {
  readonly http: HttpService;
  readonly apiKey: string;
  /** With its version, e.g. `https://api.minepi.com/v2`. */
  readonly platformUrl: string;
  /** Told after every call. */
  readonly onCall?: PiCallObserver;
}

interface Call {
  readonly endpoint: string;
  /** Below `platformUrl`. */
  readonly path: string;
  readonly repeatable: boolean;
  readonly body?: string;
}

/**
 * Pi's Platform API v2: one method a call, answers checked field by field.
 *
 * Calls that ask, and `approve`, `complete` and `cancel` (a second one changes nothing: Pi answers it with `already_…`,
 * `cancelled_payment`), are repeated when they get no answer. `createPayment` and `notify` never are: a second one pays or tells twice.
 *
 * Every method throws
 * - `PiApiError` when Pi refused, or its answer cannot be read; look at `platformCode`
 * - `PiUnavailableError` without an answer, with 5xx and 429: of a call that changes something, it says nothing
 * - `PiInvalidArgumentError` for an argument that can never be right, before anything leaves the process
 * - the reason of `signal` when it aborts
 *
 * @see https://github.com/pi-apps/pi-platform-docs/blob/master/platform_API.md
 */
export class PiPlatformClient {
  private readonly caller: PiCaller;
  /** Truly private: not for loggers that print whole objects. */
  readonly #apiKey: string;
  private readonly baseUrl: string;

  constructor(options: PiPlatformClientOptions) {
    this.caller = new PiCaller(options.http, new Logger(PiPlatformClient.name), options.onCall);
    this.#apiKey = options.apiKey;
    this.baseUrl = options.platformUrl.replace(/\/+$/, '');
  }

  /**
   * Whose token it is. Needs no API key: Pi answers for tokens of every app.
   * @throws PiTokenRefusedError when Pi says no
   */
  async me(accessToken: string, options?: PiCallOptions): Promise<UserDto> {
    const token = checkedToken(accessToken);
    const call = new PiCall('GET /me', true, options);
    const reply = await this.caller.call(
      { method: 'get', url: `${this.baseUrl}/me`, headers: { Authorization: `Bearer ${token}` } },
      call,
    );
    // Only this status is Pi's no. Everything else is a question that could not be asked.
    if (reply.status === 401) throw new PiTokenRefusedError('refused');
    return this.read(reply, call.endpoint, token, readUser);
  }

  /** A2U. Approved by Pi at once. Of no answer nothing follows: look for it in {@link incompleteServerPayments}. */
  async createPayment(request: CreatePaymentRequest, options?: PiCallOptions): Promise<PaymentDto> {
    const call = { endpoint: 'POST /payments', path: '/payments', repeatable: false, body: createPaymentBody(request) };
    return this.ask(call, readPayment, options);
  }

  async getPayment(paymentId: string, options?: PiCallOptions): Promise<PaymentDto> {
    const call = { endpoint: 'GET /payments/{id}', path: pathOfPayment(paymentId), repeatable: true };
    return this.ask(call, about(paymentId, readPayment), options);
  }

  /** U2A only. @throws PiApiError `already_approved` the second time, with the payment */
  async approvePayment(paymentId: string, options?: PiCallOptions): Promise<PaymentDto> {
    const path = `${pathOfPayment(paymentId)}/approve`;
    const call = { endpoint: 'POST /payments/{id}/approve', path, repeatable: true };
    return this.ask(call, about(paymentId, readPayment), options);
  }

  /**
   * Check the transaction on the chain before: a `txid` that fails Pi's verification can be linked to the payment for good.
   * @throws PiApiError `already_completed` the second time
   */
  async completePayment(paymentId: string, txid: string, options?: PiCallOptions): Promise<PaymentDto> {
    const path = `${pathOfPayment(paymentId)}/complete`;
    const body = JSON.stringify({ txid: checkedTxid(txid) });
    const call = { endpoint: 'POST /payments/{id}/complete', path, repeatable: true, body };
    return this.ask(call, about(paymentId, readPayment), options);
  }

  /** @throws PiApiError `cancelled_payment` the second time, with the payment */
  async cancelPayment(paymentId: string, options?: PiCallOptions): Promise<PaymentDto> {
    const path = `${pathOfPayment(paymentId)}/cancel`;
    const call = { endpoint: 'POST /payments/{id}/cancel', path, repeatable: true };
    return this.ask(call, about(paymentId, readPayment), options);
  }

  /**
   * A2U payments that are not completed, whether or not their money moved.
   *
   * @param options `onUnreadable` is told of each payment that cannot be read; without it, one such fails the call
   */
  async incompleteServerPayments(
    options?: PiCallOptions & { onUnreadable?: UnreadablePaymentListener },
  ): Promise<readonly PaymentDto[]> {
    const path = '/payments/incomplete_server_payments';
    const read = (data: unknown) => readIncompletePayments(data, options?.onUnreadable);
    return this.ask({ endpoint: `GET ${path}`, path, repeatable: true }, read, options);
  }

  /** Reward on `granted` only, and once: Pi does not stop an adId from being presented twice. */
  async adStatus(adId: string, options?: PiCallOptions): Promise<RewardedAdStatusDto> {
    const call = { endpoint: 'GET /ads_network/status/{adId}', path: pathOfAd(adId), repeatable: true };
    return this.ask(call, about(adId, readAdStatus), options);
  }

  /** At most 256 a call. Those Pi did not deliver are missing in the answer. */
  async notify(notifications: readonly NotificationRequest[], options?: PiCallOptions): Promise<NotificationsDto> {
    const path = '/in_app_notifications/notify';
    const body = JSON.stringify({ notifications });
    return this.ask({ endpoint: `POST ${path}`, path, repeatable: false, body }, readNotifications, options);
  }

  private async ask<T>(call: Call, read: (data: unknown) => T, options: PiCallOptions | undefined): Promise<T> {
    const { endpoint, path, repeatable, body } = call;
    const request: PiCallRequest = {
      method: endpoint.startsWith('GET') ? 'get' : 'post',
      url: this.baseUrl + path,
      headers: {
        Authorization: `Key ${this.#apiKey}`,
        // `false`: none at all, where axios would add one of its own.
        'Content-Type': body === undefined ? false : 'application/json',
      },
      ...(body !== undefined && { body }),
    };
    const reply = await this.caller.call(request, new PiCall(endpoint, repeatable, options));
    return this.read(reply, endpoint, this.#apiKey, read);
  }

  private read<T>(reply: PiReply, endpoint: string, secret: string, read: (data: unknown) => T): T {
    if (reply.status < 200 || reply.status >= 300) throw platformRefusal(reply, endpoint, secret);
    try {
      return read(reply.data);
    } catch (error) {
      if (error instanceof UnreadableAnswer)
        throw unreadable(reply, endpoint, error.message.replaceAll(secret, '[hidden]'));
      throw error;
    }
  }
}

/**
 * An answer about this one, to the letter: whoever asks keeps what comes of it under this identifier. If Pi found the same ad
 * under other spellings of its id, each of them would be one more reward.
 */
function about<T extends { readonly identifier: string }>(id: string, read: (data: unknown) => T) {
  return (data: unknown): T => {
    const answer = read(data);
    if (answer.identifier !== id) throw new UnreadableAnswer('identifier', `"${id}"`, answer.identifier);
    return answer;
  };
}

function unreadable(reply: PiReply, endpoint: string, problem: string): PiApiError {
  const text = typeof reply.data === 'string';
  return new PiApiError({
    code: 'PI_ANSWER_UNREADABLE',
    message: text
      ? `${endpoint} was answered with ${reply.data === '' ? 'an empty body' : 'something that is not JSON'}.`
      : `${endpoint} was answered with something that cannot be read: ${problem}.`,
    status: 502,
    // Half an answer, or a page of something in between, may be gone next time; another contract will not.
    retryable: text,
    endpoint,
    platformStatus: reply.status,
    refused: false,
  });
}
