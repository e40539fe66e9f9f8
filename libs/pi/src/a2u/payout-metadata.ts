import type { PaymentDto } from '../platform/payment.dto.js';
import type { PiMetadata } from '../platform/pi-payment.js';
import type { PiView } from './payout.evidence.js';
import type { PayoutRecord } from './payout-record.js';
import { canonicalJson, OWN_METADATA } from './payout-request.js';

const KEY = `${OWN_METADATA}key`;
const INSTANCE = `${OWN_METADATA}instance`;
const WALLET = `${OWN_METADATA}wallet`;

/**
 * The app's metadata with our own beside it: the business key and the database's instance, by which a payment is found
 * again when the answer to its creation was lost. It is never empty, which Pi would refuse.
 */
export function metadataAtPi(payout: PayoutRecord, instance: string): PiMetadata {
  return { ...payout.metadata, [KEY]: payout.idempotencyKey, [INSTANCE]: instance, [WALLET]: payout.wallet };
}

/** The app's own part, as it is stored: JSON with sorted keys, or null. */
export function appMetadataOf(metadata: PiMetadata): string | null {
  const own = Object.entries(metadata).filter(([name]) => !name.startsWith(OWN_METADATA));
  return own.length === 0 ? null : canonicalJson(Object.fromEntries(own));
}

/** Whose payment it says it is, even where nothing else of it can be read. */
export function ownerIn(payment: unknown): Pick<PiView, 'key' | 'instance'> {
  const { metadata } = (payment ?? {}) as { metadata?: unknown };
  const { [KEY]: key, [INSTANCE]: instance } = (metadata ?? {}) as Record<string, unknown>;
  return { ...(typeof key === 'string' && { key }), ...(typeof instance === 'string' && { instance }) };
}

/** What the rules get to see of a payment at Pi. */
export function toPiView(dto: PaymentDto): PiView {
  return {
    identifier: dto.identifier,
    uid: dto.user_uid,
    stroops: dto.amount.stroops,
    from: dto.from_address,
    to: dto.to_address,
    direction: dto.direction,
    network: dto.network,
    cancelled: dto.status.cancelled || dto.status.user_cancelled,
    completed: dto.status.developer_completed,
    createdAt: Math.floor(dto.created_at.getTime() / 1000),
    ...ownerIn(dto),
    ...(dto.transaction && { txid: dto.transaction.txid }),
  };
}
