/** Longer than any header a proxy lets through; Pi's tokens are far below. */
const MAX_LENGTH = 4_096;

/** Printable ASCII without quotes, comma and backslash. Tokens are opaque, so nothing narrower is safe to assume. */
const PLAUSIBLE = /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+$/;

/** False for what cannot be a token: refused without asking Pi. Takes anything: an overridden `extractToken` may read a message's body. */
export function isPlausibleToken(token: unknown): boolean {
  return hasTokenLength(token) && PLAUSIBLE.test(token);
}

/** Cheap enough for every request: what is longer is not even hashed. */
export function hasTokenLength(token: unknown): token is string {
  return typeof token === 'string' && token.length <= MAX_LENGTH;
}
