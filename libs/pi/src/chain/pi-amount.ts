/**
 * A number is read through its shortest decimal form; more than 7 decimals, or 2^53 stroops and above, throws.
 * No bigint: its unit would be a guess.
 */
export type PiAmountLike = PiAmount | string | number;

const DECIMALS = 7;
/** Amounts of the chain are signed 64-bit integers. */
const MAX_STROOPS = 2n ** 63n - 1n;
/** From here on a double holds no single stroop: such a number was already rounded. */
const UNSAFE_NUMBER_STROOPS = 2n ** 53n;
/** Already from here on, in Pi, doubles lie further apart than stroops: two amounts can be the same number. */
const AMBIGUOUS_NUMBER = 2 ** 29;
const DECIMAL = /^(\d{1,40})(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * An amount of Pi: exact, not negative, in whole stroops (1 Pi = 10,000,000 stroops). No float arithmetic anywhere.
 *
 * @example
 * PiAmount.of('1.5').plus(0.1).toString(); // '1.6'
 * PiAmount.of(1e-7).stroops;               // 1n
 * PiAmount.of(0.1 + 0.2);                  // throws: 0.30000000000000004 has more than 7 decimals
 */
export class PiAmount {
  /**
   * Reads an amount in Pi.
   * @throws TypeError when it is no decimal number
   * @throws RangeError when it is negative, finer than a stroop, too large for the chain, or a number that a double cannot hold exactly
   */
  static of(pi: PiAmountLike): PiAmount {
    if (pi instanceof PiAmount) return pi;
    if (typeof pi === 'string') return new PiAmount(stroopsOf(pi));
    if (typeof pi === 'number') return PiAmount.ofNumber(pi);
    throw new TypeError(
      `An amount of Pi is a decimal string, a number or a PiAmount, not ${pi === null ? 'null' : typeof pi}${
        typeof pi === 'bigint' ? '. For stroops, use PiAmount.ofStroops()' : ''
      }.`,
    );
  }

  /** @throws RangeError when negative or above 2^63 − 1 */
  static ofStroops(stroops: bigint): PiAmount {
    if (typeof stroops !== 'bigint') throw new TypeError(`Stroops are a bigint, not ${typeof stroops}.`);
    return new PiAmount(stroops);
  }

  private static ofNumber(pi: number): PiAmount {
    if (!Number.isFinite(pi)) throw new TypeError(`${pi} is not an amount of Pi.`);
    const amount = new PiAmount(stroopsOf(String(pi)));
    if (!amount.fitsNumber) {
      throw new RangeError(`${pi} Pi is too large for a number to be exact: pass it as a string.`);
    }
    return amount;
  }

  /** Whether a JSON number, as Pi writes amounts, stands for this amount and for no other. */
  get fitsNumber(): boolean {
    if (this.stroops >= UNSAFE_NUMBER_STROOPS) return false;
    const number = Number(this.toFixed());
    return number < AMBIGUOUS_NUMBER || !this.isNotAlone(number);
  }

  /** Whether the next amount up or down is the same number. */
  private isNotAlone(pi: number): boolean {
    return [this.stroops - 1n, this.stroops + 1n].some((next) => Number(new PiAmount(next).toFixed()) === pi);
  }

  /** In stroops; 1 Pi = 10,000,000. */
  readonly stroops: bigint;

  private constructor(stroops: bigint) {
    if (stroops < 0n) throw new RangeError(`An amount of Pi is not negative, but this one is ${stroops} stroops.`);
    if (stroops > MAX_STROOPS) throw new RangeError(`${stroops} stroops is more than the chain can hold (2^63 − 1).`);
    this.stroops = stroops;
  }

  /** @throws RangeError above 2^63 − 1 stroops */
  plus(other: PiAmountLike): PiAmount {
    return new PiAmount(this.stroops + PiAmount.of(other).stroops);
  }

  /** @throws RangeError when the result would be negative */
  minus(other: PiAmountLike): PiAmount {
    const subtrahend = PiAmount.of(other);
    if (subtrahend.stroops > this.stroops) {
      throw new RangeError(`${this} Pi − ${subtrahend} Pi is negative: an amount of Pi is not.`);
    }
    return new PiAmount(this.stroops - subtrahend.stroops);
  }

  equals(other: PiAmountLike): boolean {
    return this.stroops === PiAmount.of(other).stroops;
  }

  compare(other: PiAmountLike): -1 | 0 | 1 {
    const { stroops } = PiAmount.of(other);
    if (this.stroops === stroops) return 0;
    return this.stroops < stroops ? -1 : 1;
  }

  /** Shortest form: `'1.5'`, `'0.0000001'`. Never an exponent. */
  toString(): string {
    const fixed = this.toFixed();
    return fixed.includes('.') ? fixed.replace(/\.?0+$/, '') : fixed;
  }

  /** All 7 decimals, as the chain wants it: `'1.5000000'`. */
  toFixed(): string {
    const digits = this.stroops.toString().padStart(DECIMALS + 1, '0');
    return `${digits.slice(0, -DECIMALS)}.${digits.slice(-DECIMALS)}`;
  }

  /** The string of {@link toString}: a JSON number would be read as a float. */
  toJSON(): string {
    return this.toString();
  }
}

function stroopsOf(text: string): bigint {
  const match = DECIMAL.exec(text);
  if (!match) {
    if (/^-\d/.test(text)) throw new RangeError(`An amount of Pi is not negative, but this one is ${shown(text)}.`);
    throw new TypeError(`${shown(text)} is not an amount of Pi: write it like "1.5".`);
  }
  const [, whole = '', fraction = '', exponent = '0'] = match;
  const shift = DECIMALS - fraction.length + Number(exponent);
  const digits = BigInt(whole + fraction);
  if (shift >= 0) return digits === 0n ? 0n : timesTenTo(digits, shift, text);
  const divisor = 10n ** BigInt(-shift);
  if (digits % divisor !== 0n)
    throw new RangeError(`${shown(text)} has more than 7 decimals: the smallest amount is 0.0000001 Pi.`);
  return digits / divisor;
}

function timesTenTo(digits: bigint, exponent: number, text: string): bigint {
  // 2^63 has 19 digits: more cannot fit, and need not be computed.
  if (exponent > 19) throw new RangeError(`${shown(text)} Pi is more than the chain can hold.`);
  return digits * 10n ** BigInt(exponent);
}

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
