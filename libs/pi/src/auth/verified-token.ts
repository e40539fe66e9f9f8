import type { UserDto } from '../platform/user.dto.js';
import type { Pioneer } from './pioneer.js';

/** What Pi said of a token, and when. The token itself is not part of it. */
export interface VerifiedToken {
  readonly pioneer: Pioneer;
  /** Milliseconds since 1970, by the clock of the instance that asked Pi. */
  readonly checkedAt: number;
  /** That of the last `forget` before Pi was asked, where instances share a store. */
  readonly mark?: string | undefined;
}

/** Our view of an answer of `/me`. */
export function pioneerOf(dto: UserDto): Pioneer {
  return Object.freeze({
    uid: dto.uid,
    ...(dto.username !== undefined && { username: dto.username }),
    scopes: Object.freeze([...dto.credentials.scopes]),
    validUntil: new Date(dto.credentials.valid_until.timestamp * 1_000),
    ...(dto.app_id !== undefined && { appId: dto.app_id }),
  });
}

/** How a verified token lies in a shared store: JSON, without secrets. As text, which a store's bare adapter takes as well as a Keyv. */
export function toStored({ pioneer, checkedAt, mark }: VerifiedToken): string {
  const validUntil = pioneer.validUntil.getTime();
  return JSON.stringify({ ...pioneer, validUntil, checkedAt, ...(mark !== undefined && { mark }) });
}

/** Reads back what `toStored` wrote; undefined for anything else, for others may write to that store. */
export function fromStored(stored: unknown): VerifiedToken | undefined {
  const value = typeof stored === 'string' ? parsed(stored) : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  const { uid, username, scopes, validUntil, appId, checkedAt, mark } = value as Record<string, unknown>;
  if (typeof uid !== 'string' || !isInstant(validUntil) || !isInstant(checkedAt)) return undefined;
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === 'string')) return undefined;
  const pioneer: Pioneer = Object.freeze({
    uid,
    ...(typeof username === 'string' && { username }),
    scopes: Object.freeze([...scopes]),
    validUntil: new Date(validUntil),
    ...(typeof appId === 'string' && { appId }),
  });
  return { pioneer, checkedAt, ...(typeof mark === 'string' && { mark }) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isInstant(value: unknown): value is number {
  return typeof value === 'number' && !Number.isNaN(new Date(value).getTime());
}
