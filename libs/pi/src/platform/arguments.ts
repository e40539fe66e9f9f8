import { PiAmount } from '../chain/pi-amount.js';
import { PiInvalidArgumentError } from '../errors/pi-invalid-argument-error.js';
import { PiTokenRefusedError } from '../errors/pi-token-refused-error.js';
import type { CreatePaymentRequest } from './payment.dto.js';

/** What can leave the process as a part of a path. Everything Pi hands out fits; nothing that walks (`../me`) does. */
const IDENTIFIER = /^[A-Za-z0-9_-]{1,64}$/;
/** The form of an adId is undocumented: wider, but it begins with a letter or a digit, and is encoded. */
const AD_ID = /^[A-Za-z0-9][A-Za-z0-9._~:=+-]{0,127}$/;
const TXID = /^[0-9a-fA-F]{64}$/;
/** Visible ASCII: what an HTTP header can carry. Tokens are opaque beyond that. */
const TOKEN = /^[\x21-\x7e]{1,4096}$/;

export function pathOfPayment(paymentId: string): string {
  if (typeof paymentId !== 'string' || !IDENTIFIER.test(paymentId)) {
    throw new PiInvalidArgumentError('paymentId', paymentId, 'an identifier of Pi (letters, digits, at most 64)');
  }
  return `/payments/${encodeURIComponent(paymentId)}`;
}

export function pathOfAd(adId: string): string {
  if (typeof adId !== 'string' || !AD_ID.test(adId)) {
    throw new PiInvalidArgumentError('adId', adId, 'the adId of Pi.Ads.showAd() (at most 128 characters)');
  }
  return `/ads_network/status/${encodeURIComponent(adId)}`;
}

export function checkedTxid(txid: string): string {
  if (typeof txid !== 'string' || !TXID.test(txid)) {
    throw new PiInvalidArgumentError('txid', txid, 'the hash of a transaction (64 hex digits)');
  }
  return txid.toLowerCase();
}

/** @throws PiTokenRefusedError when no token of Pi looks like this; its text is never told */
export function checkedToken(accessToken: string): string {
  if (typeof accessToken !== 'string' || !TOKEN.test(accessToken)) throw new PiTokenRefusedError('malformed');
  return accessToken;
}

/**
 * Body of `POST /payments`. The amount is written digit by digit: through a float, 0.0000001 would leave as 1e-7.
 * @throws PiInvalidArgumentError
 */
export function createPaymentBody(request: CreatePaymentRequest): string {
  const { uid, memo, metadata } = request;
  if (typeof uid !== 'string' || !IDENTIFIER.test(uid)) {
    throw new PiInvalidArgumentError('uid', uid, 'the uid of a Pioneer (letters, digits and dashes, at most 64)');
  }
  if (typeof memo !== 'string') throw new PiInvalidArgumentError('memo', memo, 'a string');
  if (
    typeof metadata !== 'object' ||
    metadata === null ||
    Array.isArray(metadata) ||
    Object.keys(metadata).length === 0
  ) {
    throw new PiInvalidArgumentError(
      'metadata',
      JSON.stringify(metadata),
      'an object with at least one field (Pi refuses {})',
    );
  }
  const amount = amountOf(request);
  return `{"payment":{"amount":${amount},"memo":${JSON.stringify(memo)},"metadata":${JSON.stringify(metadata)},"uid":${JSON.stringify(uid)}}}`;
}

function amountOf({ amount }: CreatePaymentRequest): PiAmount {
  const exact = PiAmount.of(amount);
  if (exact.stroops === 0n) throw new PiInvalidArgumentError('amount', '0', 'more than 0 Pi');
  if (!exact.fitsNumber)
    throw new PiInvalidArgumentError(
      'amount',
      exact.toString(),
      'one that a JSON number, as Pi writes it, holds exactly',
    );
  return exact;
}
