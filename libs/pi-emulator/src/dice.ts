import { createHash, randomBytes } from 'node:crypto';

/** Numbers from 0 up to 1, repeatable with a seed (mulberry32: speed and a good spread, no secrecy). */
export class Dice {
  private state: number;

  constructor(seed: string | undefined) {
    const digest =
      seed === undefined ? randomBytes(4) : createHash('sha256').update(`pi-emulator dice:${seed}`).digest();
    this.state = digest.readUInt32LE(0);
  }

  roll(): number {
    this.state = (this.state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}
