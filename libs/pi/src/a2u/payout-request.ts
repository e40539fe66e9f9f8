import { PiAmount } from '../chain/pi-amount.js';
import type { PayoutRequest } from './payout.js';
import { PiPayoutInvalidError } from './payout-errors.js';

/** Longest key and memo, in characters. */
const MAX_TEXT = 255;
/** Largest metadata, as JSON in UTF-8. */
const MAX_METADATA_BYTES = 8 * 1024;
/** Names of the library's own metadata begin so. */
export const OWN_METADATA = 'nestjs_pi_';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
// oxlint-disable-next-line no-control-regex -- PostgreSQL cannot store NUL in text
const UNSTORABLE = /\u0000|[\ud800-\udfff]/u;

/** A request after the check: what is stored, and compared when the key comes again. */
export interface CheckedRequest {
  readonly idempotencyKey: string;
  readonly uid: string;
  readonly stroops: bigint;
  readonly memo: string;
  /** JSON with sorted keys, so that equal contents are equal texts. */
  readonly metadata: string | null;
  readonly wallet?: string;
}

/** @throws PiPayoutInvalidError before anything is stored */
export function checkRequest(request: PayoutRequest): CheckedRequest {
  return {
    idempotencyKey: text('idempotencyKey', request.idempotencyKey),
    uid: uidOf(request.uid),
    stroops: stroopsOf(request.amount),
    memo: text('memo', request.memo),
    metadata: metadataOf(request.metadata),
    ...(request.wallet !== undefined && { wallet: request.wallet }),
  };
}

function text(field: 'idempotencyKey' | 'memo', value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '')
    throw new PiPayoutInvalidError(field, `${field} has to be a text that is not empty.`);
  if ([...value].length > MAX_TEXT)
    throw new PiPayoutInvalidError(field, `${field} has more than ${MAX_TEXT} characters.`);
  if (UNSTORABLE.test(value))
    throw new PiPayoutInvalidError(
      field,
      `${field} holds a character that cannot be stored (NUL, half a surrogate pair).`,
    );
  return value;
}

function uidOf(uid: unknown): string {
  if (typeof uid === 'string' && UUID.test(uid)) return uid;
  throw new PiPayoutInvalidError('uid', `uid has to be the Pioneer's UUID from /me, not ${JSON.stringify(uid)}.`);
}

function stroopsOf(amount: PayoutRequest['amount']): bigint {
  const exact = exactly(amount);
  if (exact.stroops === 0n) throw new PiPayoutInvalidError('amount', 'amount has to be more than 0.');
  if (!exact.fitsNumber)
    throw new PiPayoutInvalidError(
      'amount',
      `${exact} Pi has more digits than a JSON number holds, and Pi answers with numbers: whether it means this amount could not be told. Pay it in smaller parts.`,
    );
  return exact.stroops;
}

function exactly(amount: PayoutRequest['amount']): PiAmount {
  try {
    return PiAmount.of(amount);
  } catch (error) {
    throw new PiPayoutInvalidError('amount', (error as Error).message);
  }
}

function metadataOf(metadata: unknown): string | null {
  if (metadata === undefined) return null;
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
    throw new PiPayoutInvalidError('metadata', 'metadata has to be a plain object.');
  const taken = Object.keys(metadata).find((name) => name.startsWith(OWN_METADATA));
  if (taken !== undefined)
    throw new PiPayoutInvalidError(
      'metadata',
      `metadata.${taken}: names that begin with ${OWN_METADATA} are the library's own.`,
    );
  const json = canonicalJson(metadata);
  if (UNSTORABLE.test(json) || Buffer.byteLength(json) > MAX_METADATA_BYTES)
    throw new PiPayoutInvalidError('metadata', `metadata has to be at most ${MAX_METADATA_BYTES} bytes of plain JSON.`);
  return json;
}

/** Equal contents are equal texts. */
export function canonicalJson(metadata: object): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(metadata);
  } catch (error) {
    throw new PiPayoutInvalidError('metadata', `metadata cannot be written as JSON: ${(error as Error).message}`);
  }
  return JSON.stringify(sorted(JSON.parse(json)));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, sorted(inner)]),
  );
}
