/** Longer than any header a proxy lets through; Pi's tokens are far below. */
const MAX_LENGTH = 4_096;

/** Printable ASCII without quotes, comma and backslash. Tokens are opaque, so nothing narrower is safe to assume. */
const PLAUSIBLE = /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+$/;

/** False for what cannot be a token: refused without asking Pi. */
export function isPlausibleToken(token: string): boolean {
  return token.length <= MAX_LENGTH && PLAUSIBLE.test(token);
}
