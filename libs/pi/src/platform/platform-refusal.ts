import { PiApiError } from '../errors/pi-api-error.js';
import type { PiError } from '../errors/pi-error.js';
import { type PiReply, unavailableStatus } from '../http/caller.js';
import { readPayment } from './dto-readers.js';
import { type KnownPlatformCode, isKnownPlatformCode, PLATFORM_CODES } from './platform-codes.js';
import type { PiPayment } from './pi-payment.js';
import { toPiPayment } from './to-pi-payment.js';

/** `{ error, error_message?, payment?, verification_error? }`, or whatever stood in its place. */
interface Envelope {
  readonly error: string | undefined;
  readonly text: string | undefined;
  readonly payment: PiPayment | undefined;
  readonly verificationError: string | undefined;
}

/**
 * The error for an answer that is not 2xx. Pi's code decides, the status only where there is none; but a 429 asks for fewer calls whatever
 * stands in it, unless that is a limit of payments.
 * @param secret the key or token of the call, hidden should Pi repeat it
 */
export function platformRefusal(reply: PiReply, endpoint: string, secret: string): PiError {
  const { status } = reply;
  const envelope = envelopeOf(reply.data, secret);
  if (status === 429 && !isPaymentLimit(envelope.error)) return unavailableStatus(reply, endpoint);
  if (isKnownPlatformCode(envelope.error)) return knownRefusal(envelope.error, envelope, status, endpoint);
  if (status === 401) return keyRefused(endpoint);
  if (status >= 300 && status < 400) return redirected(reply, endpoint);
  if (status >= 500 || status === 408) return unavailableStatus(reply, endpoint);
  if (status === 404 && !isPage(reply.data)) return notFound(envelope, endpoint);
  return unknownRefusal(envelope, reply, endpoint);
}

function knownRefusal(
  code: KnownPlatformCode,
  envelope: Envelope,
  platformStatus: number,
  endpoint: string,
): PiApiError {
  const facts = PLATFORM_CODES[code];
  return new PiApiError({
    ...facts,
    code: `PI_${code.toUpperCase()}`,
    message: said(`${endpoint} was refused: ${code}${hintFor(code)}`, envelope),
    endpoint,
    platformStatus,
    platformCode: code,
    payment: envelope.payment,
    verificationError: envelope.verificationError,
    refused: code !== 'unknown_error',
  });
}

function hintFor(code: KnownPlatformCode): string {
  switch (code) {
    case 'missing_scope':
      return ' (the Pioneer has not granted wallet_address: ask for it in Pi.authenticate())';
    case 'missing_wallet':
      return ' (the Pioneer has no wallet yet)';
    case 'feature_not_available':
      return ' (Pi does not offer this to the app on its network)';
    default:
      return '';
  }
}

function isPaymentLimit(code: string | undefined): boolean {
  return isKnownPlatformCode(code) && PLATFORM_CODES[code].status === 429;
}

/** 500, not 401: it is our configuration that is wrong, and nothing our caller can mend. */
function keyRefused(endpoint: string): PiApiError {
  return new PiApiError({
    code: 'PI_API_KEY_REFUSED',
    message: `${endpoint}: Pi does not accept the API key. Check PI_API_KEY (option apiKey): it has to be the server API key of this app, of the network the app is registered on.`,
    status: 500,
    retryable: false,
    endpoint,
    platformStatus: 401,
  });
}

function redirected(reply: PiReply, endpoint: string): PiApiError {
  return new PiApiError({
    code: 'PI_REDIRECTED',
    message: `${endpoint} was answered with a redirect (${reply.status}) to ${originOf(reply.header('location'))}. It is not followed, because the API key would go along. Check PI_PLATFORM_URL (option platformUrl).`,
    status: 502,
    retryable: false,
    endpoint,
    platformStatus: reply.status,
    refused: false,
  });
}

function notFound(envelope: Envelope, endpoint: string): PiApiError {
  return new PiApiError({
    code: 'PI_NOT_FOUND',
    message: said(`${endpoint}: Pi does not know it`, envelope),
    status: 404,
    retryable: false,
    endpoint,
    platformStatus: 404,
    platformCode: envelope.error,
  });
}

function unknownRefusal(envelope: Envelope, reply: PiReply, endpoint: string): PiApiError {
  const hint = isPage(reply.data) ? ', with a page instead of JSON: check PI_PLATFORM_URL (option platformUrl)' : '';
  return new PiApiError({
    code: 'PI_API_ERROR',
    message: said(
      `${endpoint} was refused with ${reply.status}${envelope.error ? ` ${envelope.error}` : ''}${hint}`,
      envelope,
    ),
    status: 502,
    retryable: false,
    endpoint,
    platformStatus: reply.status,
    platformCode: envelope.error,
  });
}

function envelopeOf(data: unknown, secret: string): Envelope {
  const fields = typeof data === 'object' && data !== null ? (data as Readonly<Record<string, unknown>>) : {};
  return {
    error: textOf(fields['error'], secret),
    text: textOf(fields['error_message'], secret),
    payment: paymentOf(fields['payment']),
    verificationError: textOf(fields['verification_error'], secret),
  };
}

/** Pi's own words, cut, on one line, and without our secret should they repeat it. */
function textOf(value: unknown, secret: string): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return value
    .replaceAll(secret, '[hidden]')
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, 300);
}

/** A help only: a payment that cannot be read does not hide the refusal. */
function paymentOf(value: unknown): PiPayment | undefined {
  if (value === undefined || value === null) return undefined;
  try {
    return toPiPayment(readPayment(value));
  } catch {
    return undefined;
  }
}

function said(what: string, { text, verificationError }: Envelope): string {
  return [what, verificationError, text && `Pi says: ${text}`].filter(Boolean).join('. ');
}

function isPage(data: unknown): boolean {
  return typeof data === 'string' && data.trimStart().startsWith('<');
}

function originOf(location: string | undefined): string {
  if (!location) return 'nowhere';
  return URL.canParse(location) ? new URL(location).origin : 'another path';
}
