import { createHash, randomBytes } from 'node:crypto';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/**
 * Where identifiers, uids and tokens come from: random, or a repeatable series when a seed is given.
 * The position in the series belongs to the state, so a restart goes on instead of giving the same ids twice.
 */
export class IdSource {
  position = 0;

  constructor(private readonly seed: string | undefined) {}

  /** Identifier of a payment: 28 characters, as much as a text memo holds. */
  paymentIdentifier(): string {
    return this.base62(28);
  }

  uid(): string {
    const hex = Buffer.from(this.bytes(16)).toString('hex');
    const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
  }

  accessToken(): string {
    return `emulated_token_${this.base62(43)}`;
  }

  base62(length: number): string {
    return Array.from(this.bytes(length * 2), (byte) => byte)
      .filter((byte) => byte < 248)
      .slice(0, length)
      .map((byte) => BASE62.charAt(byte % 62))
      .join('')
      .padEnd(length, '0');
  }

  /** A number from 0 to `below` - 1. */
  below(below: number): number {
    return Buffer.from(this.bytes(6)).readUIntBE(0, 6) % below;
  }

  private bytes(length: number): Uint8Array {
    if (this.seed === undefined) return randomBytes(length);
    this.position += 1;
    const blocks: Buffer[] = [];
    for (let block = 0; block * 32 < length; block += 1)
      blocks.push(createHash('sha256').update(`pi-emulator:${this.seed}:${this.position}:${block}`).digest());
    return Buffer.concat(blocks).subarray(0, length);
  }
}
