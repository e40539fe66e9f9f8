import { PiAmount } from '../chain/pi-amount.js';
import {
  type Fields,
  readArray,
  readBoolean,
  readDate,
  readNonEmpty,
  readNullableString,
  readNumber,
  readObject,
  readOneOf,
  readOptionalString,
  readString,
  UnreadableAnswer,
} from '../http/answer-reader.js';
import type { DeliveredNotificationDto, NotificationsDto } from './notification.dto.js';
import type { PaymentDto, PaymentStatusDto, PaymentTransactionDto } from './payment.dto.js';
import type { RewardedAdStatusDto } from './rewarded-ad-status.dto.js';
import type { UserDto } from './user.dto.js';

/** Gets what Pi sent in place of a payment, and what is wrong with it. */
export type UnreadablePaymentListener = (payment: unknown, problem: string) => void;

/** All readers are strict about the fields of the contract, and keep the fields they do not know. */
export function readPayment(value: unknown, path = 'payment'): PaymentDto {
  const fields = readObject(value, path);
  return {
    ...fields,
    identifier: readString(fields, 'identifier', path),
    user_uid: readString(fields, 'user_uid', path),
    amount: readAmount(fields, path),
    memo: readString(fields, 'memo', path),
    metadata: readObject(fields['metadata'], `${path}.metadata`),
    from_address: readString(fields, 'from_address', path),
    to_address: readString(fields, 'to_address', path),
    direction: readOneOf(fields, 'direction', path, ['user_to_app', 'app_to_user']),
    created_at: readDate(fields, 'created_at', path),
    network: readString(fields, 'network', path),
    status: readStatus(fields['status'], `${path}.status`),
    transaction: fields['transaction'] === null ? null : readTransaction(fields['transaction'], `${path}.transaction`),
  };
}

/** @param unreadable told of each payment that cannot be read; without it, one such makes the whole answer unreadable */
export function readIncompletePayments(value: unknown, unreadable?: UnreadablePaymentListener): readonly PaymentDto[] {
  const list = readArray(readObject(value, 'answer')['incomplete_server_payments'], 'incomplete_server_payments');
  return list.flatMap((payment, index) => {
    try {
      return [readPayment(payment, `incomplete_server_payments[${index}]`)];
    } catch (error) {
      if (!unreadable || !(error instanceof UnreadableAnswer)) throw error;
      unreadable(payment, error.message);
      return [];
    }
  });
}

export function readUser(value: unknown): UserDto {
  const fields = readObject(value, 'user');
  const credentials = readObject(fields['credentials'], 'user.credentials');
  const validUntil = readObject(credentials['valid_until'], 'user.credentials.valid_until');
  const { username: _username, app_id: _appId, ...unknown } = fields;
  const username = readOptionalString(fields, 'username', 'user');
  const appId = readOptionalString(fields, 'app_id', 'user');
  return {
    ...unknown,
    uid: readNonEmpty(fields, 'uid', 'user'),
    credentials: {
      ...credentials,
      scopes: readArray(credentials['scopes'], 'user.credentials.scopes').map(readScope),
      valid_until: {
        ...validUntil,
        timestamp: readSeconds(validUntil, 'timestamp', 'user.credentials.valid_until'),
        iso8601: readString(validUntil, 'iso8601', 'user.credentials.valid_until'),
      },
    },
    ...(username !== undefined && { username }),
    ...(appId !== undefined && { app_id: appId }),
  };
}

export function readAdStatus(value: unknown): RewardedAdStatusDto {
  const fields = readObject(value, 'ad');
  return {
    ...fields,
    identifier: readString(fields, 'identifier', 'ad'),
    mediator_ack_status:
      fields['mediator_ack_status'] === null
        ? null
        : readOneOf(fields, 'mediator_ack_status', 'ad', ['granted', 'revoked', 'failed'] as const),
    mediator_granted_at: readNullableString(fields, 'mediator_granted_at', 'ad'),
    mediator_revoked_at: readNullableString(fields, 'mediator_revoked_at', 'ad'),
  };
}

export function readNotifications(value: unknown): NotificationsDto {
  const fields = readObject(value, 'answer');
  return {
    ...fields,
    success: readBoolean(fields, 'success', 'answer'),
    delivered_notifications: readArray(fields['delivered_notifications'], 'delivered_notifications').map(readDelivered),
  };
}

function readDelivered(value: unknown, index: number): DeliveredNotificationDto {
  const path = `delivered_notifications[${index}]`;
  const fields = readObject(value, path);
  return {
    ...fields,
    id: readString(fields, 'id', path),
    title: readString(fields, 'title', path),
    body: readString(fields, 'body', path),
    user_uid: readString(fields, 'user_uid', path),
    subroute: readString(fields, 'subroute', path),
    seen_at: readNullableString(fields, 'seen_at', path),
    dismissed_at: readNullableString(fields, 'dismissed_at', path),
  };
}

function readAmount(fields: Fields, path: string): PiAmount {
  const value = readNumber(fields, 'amount', path);
  try {
    return PiAmount.of(value);
  } catch (error) {
    throw new UnreadableAnswer(`${path}.amount`, `an amount of Pi (${(error as Error).message})`, value);
  }
}

function readStatus(value: unknown, path: string): PaymentStatusDto {
  const fields = readObject(value, path);
  return {
    ...fields,
    developer_approved: readBoolean(fields, 'developer_approved', path),
    transaction_verified: readBoolean(fields, 'transaction_verified', path),
    developer_completed: readBoolean(fields, 'developer_completed', path),
    cancelled: readBoolean(fields, 'cancelled', path),
    user_cancelled: readBoolean(fields, 'user_cancelled', path),
  };
}

function readTransaction(value: unknown, path: string): PaymentTransactionDto {
  const fields = readObject(value, path);
  return {
    ...fields,
    txid: readString(fields, 'txid', path),
    verified: readBoolean(fields, 'verified', path),
  };
}

/** Since 1970; what no Date can hold is no moment a token could end at. */
function readSeconds(fields: Fields, name: string, path: string): number {
  const seconds = readNumber(fields, name, path);
  if (Number.isNaN(new Date(seconds * 1_000).getTime())) {
    throw new UnreadableAnswer(`${path}.${name}`, 'seconds since 1970', seconds);
  }
  return seconds;
}

function readScope(scope: unknown, index: number): string {
  if (typeof scope !== 'string') throw new UnreadableAnswer(`user.credentials.scopes[${index}]`, 'a string', scope);
  return scope;
}
