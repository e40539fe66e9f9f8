import { hash, randomFillSync } from 'node:crypto';

/** Never leaves the process, so nobody can look for two tokens of one key. */
const SECRET = randomFillSync(new Int32Array(4));

/** The state of one computation at a time: four 64-bit words, low half first. */
const state = new Int32Array(8);

/**
 * What a token is known by in the caches of this process, in place of the token: SipHash-1-3 (the rounds of Rust's and Python's
 * tables) with 128 bits of output over the string's UTF-16 code units, under a random key. This is on the path of every request:
 * SHA-256 through `node:crypto` costs a busy server three times as much, most of it for crossing into C++. What has characters of
 * more than a byte is no token (such a request is refused) and gets the SHA-256.
 *
 * @see https://www.aumasson.jp/siphash/siphash.pdf
 */
export function tokenKey(token: string, secret: Int32Array = SECRET): string {
  const k0 = secret[0]!;
  const k1 = secret[1]!;
  const k2 = secret[2]!;
  const k3 = secret[3]!;
  state[0] = k0 ^ 0x70736575;
  state[1] = k1 ^ 0x736f6d65;
  state[2] = k2 ^ 0x6e646f6d ^ 0xee;
  state[3] = k3 ^ 0x646f7261;
  state[4] = k0 ^ 0x6e657261;
  state[5] = k1 ^ 0x6c796765;
  state[6] = k2 ^ 0x79746573;
  state[7] = k3 ^ 0x74656462;

  let seen = 0;
  const whole = token.length & ~7;
  for (let i = 0; i < whole; i += 8) {
    const c0 = token.charCodeAt(i);
    const c1 = token.charCodeAt(i + 1);
    const c2 = token.charCodeAt(i + 2);
    const c3 = token.charCodeAt(i + 3);
    const c4 = token.charCodeAt(i + 4);
    const c5 = token.charCodeAt(i + 5);
    const c6 = token.charCodeAt(i + 6);
    const c7 = token.charCodeAt(i + 7);
    seen |= c0 | c1 | c2 | c3 | c4 | c5 | c6 | c7;
    absorb(c0 | (c1 << 8) | (c2 << 16) | (c3 << 24), c4 | (c5 << 8) | (c6 << 16) | (c7 << 24));
  }
  let low = 0;
  let high = token.length << 24;
  for (let i = whole; i < token.length; i += 1) {
    const code = token.charCodeAt(i);
    seen |= code;
    if (i - whole < 4) low |= code << (8 * (i - whole));
    else high |= code << (8 * (i - whole - 4));
  }
  absorb(low, high);
  if (seen > 0xff) return hash('sha256', token);

  state[4]! ^= 0xee;
  mix(3);
  const first = digest();
  state[2]! ^= 0xdd;
  mix(3);
  return first + digest();
}

function absorb(low: number, high: number): void {
  state[6]! ^= low;
  state[7]! ^= high;
  mix(1);
  state[0]! ^= low;
  state[1]! ^= high;
}

function digest(): string {
  const low = state[0]! ^ state[2]! ^ state[4]! ^ state[6]!;
  const high = state[1]! ^ state[3]! ^ state[5]! ^ state[7]!;
  return String.fromCharCode(low & 0xffff, low >>> 16, high & 0xffff, high >>> 16);
}

/** SipRound, `rounds` times. JavaScript has no fast 64-bit words: each is two halves, the low one named 0, the high one 1. */
function mix(rounds: number): void {
  let a0 = state[0]!;
  let a1 = state[1]!;
  let b0 = state[2]!;
  let b1 = state[3]!;
  let c0 = state[4]!;
  let c1 = state[5]!;
  let d0 = state[6]!;
  let d1 = state[7]!;
  let swap: number;
  for (let round = 0; round < rounds; round += 1) {
    // a += b, b = rotate(b, 13) ^ a, a = rotate(a, 32)
    a1 = (a1 + b1 + carry(a0, b0)) | 0;
    a0 = (a0 + b0) | 0;
    swap = ((b0 << 13) | (b1 >>> 19)) ^ a0;
    b1 = ((b1 << 13) | (b0 >>> 19)) ^ a1;
    b0 = swap;
    swap = a0;
    a0 = a1;
    a1 = swap;
    // c += d, d = rotate(d, 16) ^ c
    c1 = (c1 + d1 + carry(c0, d0)) | 0;
    c0 = (c0 + d0) | 0;
    swap = ((d0 << 16) | (d1 >>> 16)) ^ c0;
    d1 = ((d1 << 16) | (d0 >>> 16)) ^ c1;
    d0 = swap;
    // a += d, d = rotate(d, 21) ^ a
    a1 = (a1 + d1 + carry(a0, d0)) | 0;
    a0 = (a0 + d0) | 0;
    swap = ((d0 << 21) | (d1 >>> 11)) ^ a0;
    d1 = ((d1 << 21) | (d0 >>> 11)) ^ a1;
    d0 = swap;
    // c += b, b = rotate(b, 17) ^ c, c = rotate(c, 32)
    c1 = (c1 + b1 + carry(c0, b0)) | 0;
    c0 = (c0 + b0) | 0;
    swap = ((b0 << 17) | (b1 >>> 15)) ^ c0;
    b1 = ((b1 << 17) | (b0 >>> 15)) ^ c1;
    b0 = swap;
    swap = c0;
    c0 = c1;
    c1 = swap;
  }
  state[0] = a0;
  state[1] = a1;
  state[2] = b0;
  state[3] = b1;
  state[4] = c0;
  state[5] = c1;
  state[6] = d0;
  state[7] = d1;
}

/** Of the sum of two low halves into the high ones. */
function carry(x: number, y: number): number {
  return (x >>> 0) + (y >>> 0) > 0xffff_ffff ? 1 : 0;
}
