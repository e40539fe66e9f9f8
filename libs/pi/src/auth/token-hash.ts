import { hash } from 'node:crypto';

/** Longer than any header a proxy lets through; Pi's tokens are far below. */
const MAX_LENGTH = 4_096;

/** Printable ASCII without quotes, comma and backslash. Tokens are opaque, so nothing narrower is safe to assume. */
const PLAUSIBLE = /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+$/;

/**
 * What a token is known by in every cache: 32 bytes, one character each. The token itself is kept nowhere.
 * One-shot `hash` costs a third of `createHash`, and the short key half the look-up of a hex one: this is on the path of every request.
 */
export function hashToken(token: string): string {
  return hash('sha256', token, 'binary');
}

/** The same key where it has to be printable. */
export function printable(key: string): string {
  return Buffer.from(key, 'binary').toString('hex');
}

/** False for what cannot be a token: refused without asking Pi. */
export function isPlausibleToken(token: string): boolean {
  return token.length <= MAX_LENGTH && PLAUSIBLE.test(token);
}
