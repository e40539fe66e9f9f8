import { EmulatorError } from '../emulator-error.js';
import { refuseUnknown } from '../known-fields.js';
import { AD_STATUSES, type AdStatus } from '../platform/ads.js';
import { toStroops } from '../platform/amount.js';
import { isObject, readPaymentRequest, type PaymentRequest } from '../platform/payment-request.js';
import type { PioneerOptions, TokenOptions } from '../platform/pioneer.js';
import type { SignOptions } from '../platform/pioneer-wallet.js';
import { PlatformError } from '../platform/platform-error.js';

const refuse = (code: string, problem: string): never => {
  throw new EmulatorError(code, problem);
};

/** Checks what a Pioneer is to be made of. `reserve`: stroops every account has to hold. */
export function checkPioneer(given: unknown, reserve: bigint): PioneerOptions & { stroops: bigint } {
  if (!isObject(given)) return refuse('invalid_pioneer', 'A Pioneer is an object: { username?, scopes?, balance? }.');
  refuseUnknown<PioneerOptions>('A Pioneer', given, {
    username: true,
    scopes: true,
    balance: true,
    tokenTtlMs: true,
    wallet: true,
    appId: true,
  });
  const bad = (field: string, takes: string): never =>
    refuse('invalid_pioneer', `${field} is ${JSON.stringify(given[field])}: give ${takes}.`);
  const { username, scopes, balance = 1000, tokenTtlMs, wallet, appId } = given;
  if (username !== undefined && (typeof username !== 'string' || username.trim() === ''))
    bad('username', 'a text that is not empty');
  if (scopes !== undefined && !isTexts(scopes)) bad('scopes', "a list of texts, as ['username', 'payments']");
  if (tokenTtlMs !== undefined && (typeof tokenTtlMs !== 'number' || !Number.isFinite(tokenTtlMs)))
    bad('tokenTtlMs', 'milliseconds');
  if (wallet !== undefined && typeof wallet !== 'boolean') bad('wallet', 'true or false');
  if (appId !== undefined && (typeof appId !== 'string' || appId === '')) bad('appId', 'a text that is not empty');
  const stroops = amountOf(balance);
  if (stroops === undefined || (stroops > 0n && stroops < reserve))
    return bad('balance', 'Pi with at most 7 decimals: 0 for no account on the chain, or at least 0.98');
  return { ...(given as PioneerOptions), stroops };
}

/** Checks what `Pi.createPayment` is given. */
export function checkPayment(given: unknown): PaymentRequest {
  if (!isObject(given)) return refuse('invalid_payment', 'A payment is an object: { amount, memo, metadata }.');
  refuseUnknown<CreatePaymentRequest>('A payment', given, { amount: true, memo: true, metadata: true });
  try {
    return readPaymentRequest(given, amountOf);
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    return refuse(error.code, `${error.message}: got ${JSON.stringify(given)}.`);
  }
}

/** Checks how the Pioneer is to sign. */
export function checkSigning(given: unknown): SignOptions {
  if (!isObject(given)) return refuse('invalid_signing', 'How to sign is an object: { wait?, link? }.');
  refuseUnknown<SignOptions>('Signing', given, { wait: true, link: true });
  for (const [field, value] of Object.entries(given))
    if (value !== undefined && typeof value !== 'boolean')
      refuse('invalid_signing', `${field} is ${JSON.stringify(value)}: give true or false.`);
  return given;
}

/** Checks an ad to be made. */
export function checkAd(given: unknown): { uid: string; status: AdStatus } {
  if (!isObject(given)) return refuse('invalid_ad', 'An ad is an object: { uid, status? }.');
  refuseUnknown<{ uid: string; status?: AdStatus }>('An ad', given, { uid: true, status: true });
  const { uid, status = 'granted' } = given;
  if (typeof uid !== 'string') return refuse('invalid_ad', `uid is ${JSON.stringify(uid)}: give the Pioneer's uid.`);
  return { uid, status: checkAdStatus(status) };
}

/** Checks what an ad is to become. */
export function checkAdChange(given: unknown): { status: AdStatus } {
  if (!isObject(given)) return refuse('invalid_ad', 'The change of an ad is an object: { status }.');
  refuseUnknown<{ status: AdStatus }>('The change of an ad', given, { status: true });
  return { status: checkAdStatus(given['status']) };
}

function checkAdStatus(status: unknown): AdStatus {
  if (AD_STATUSES.includes(status as AdStatus)) return status as AdStatus;
  return refuse('invalid_ad', `status is ${JSON.stringify(status)}: give 'granted', 'revoked', 'failed' or null.`);
}

/** The scopes and life of a further token. */
export function checkToken(given: unknown): TokenOptions {
  if (isObject(given)) refuseUnknown<TokenOptions>('A token', given, { scopes: true, tokenTtlMs: true, appId: true });
  const { scopes, tokenTtlMs, appId } = checkPioneer(given, 0n);
  return {
    ...(scopes && { scopes }),
    ...(tokenTtlMs !== undefined && { tokenTtlMs }),
    ...(appId !== undefined && { appId }),
  };
}

/** What `Pi.createPayment` is given. */
export interface CreatePaymentRequest {
  /** Pi, with at most 7 decimals. */
  amount: number | string;
  memo: string;
  /** Not empty. */
  metadata: Record<string, unknown>;
}

/** The body of a control call; nothing is an empty object. */
export function objectOf(body: unknown): Record<string, unknown> {
  if (body === undefined || isObject(body)) return body ?? {};
  return refuse('bad_request', 'The body has to be a JSON object.');
}

const amountOf = (pi: unknown): bigint | undefined =>
  typeof pi === 'number' || typeof pi === 'string' ? toStroops(pi) : undefined;

const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '');
