import fc from 'fast-check';
import { PiAmount } from './pi-amount.js';

const MAX = 2n ** 63n - 1n;
const stroops = fc.bigInt({ min: 0n, max: MAX });

/** The stroops, or the class of the error. */
function readOrError(value: string | number): unknown {
  try {
    return PiAmount.of(value).stroops;
  } catch (error) {
    return (error as Error).constructor;
  }
}

describe('reading', () => {
  it.each([
    ['0', 0n],
    ['1', 10_000_000n],
    ['1.5', 15_000_000n],
    ['0.0000001', 1n],
    ['1e-7', 1n],
    ['1E-7', 1n],
    ['1.5e1', 150_000_000n],
    ['1.50000000000', 15_000_000n],
    ['007', 70_000_000n],
    ['0e99', 0n],
    ['922337203685.4775807', MAX],
    [0, 0n],
    [-0, 0n],
    [1, 10_000_000n],
    [1e-7, 1n],
    [0.1, 1_000_000n],
    [3.14, 31_400_000n],
    [1.1e3, 11_000_000_000n],
    [900_719_925, 9_007_199_250_000_000n],
    [600_000_000.5, 6_000_000_005_000_000n],
    [PiAmount.of('2'), 20_000_000n],
  ])('%p is exact', (value, expected) => {
    expect(PiAmount.of(value).stroops).toBe(expected);
  });

  it.each([
    ['0.00000001', RangeError, /more than 7 decimals/],
    [1e-8, RangeError, /more than 7 decimals/],
    [0.1 + 0.2, RangeError, /0\.30000000000000004/],
    ['-1', RangeError, /not negative/],
    [-0.5, RangeError, /not negative/],
    ['922337203685.4775808', RangeError, /more than the chain can hold/],
    ['1e30', RangeError, /more than the chain can hold/],
    ['1e999', RangeError, /more than the chain can hold/],
    // 639332530.4514062 and …063 are one and the same double.
    [Number('639332530.4514063'), RangeError, /too large for a number/],
    [900_719_925.4740992, RangeError, /too large for a number/],
    [1e15, RangeError, /too large|more than the chain/],
    [Number.NaN, TypeError, /NaN/],
    [Number.POSITIVE_INFINITY, TypeError, /Infinity/],
    ['', TypeError, /"" is not an amount/],
    [' 1', TypeError, /not an amount/],
    ['1,5', TypeError, /not an amount/],
    ['.5', TypeError, /not an amount/],
    ['5.', TypeError, /not an amount/],
    ['0x10', TypeError, /not an amount/],
    ['1_000', TypeError, /not an amount/],
    ['٣', TypeError, /not an amount/],
    ['9'.repeat(10_000), TypeError, /not an amount/],
    [10n, TypeError, /ofStroops/],
    [null, TypeError, /null/],
    [undefined, TypeError, /undefined/],
    [{ stroops: 1n }, TypeError, /object/],
  ])('%p is refused', (value, type, message) => {
    const read = () => PiAmount.of(value as string);
    expect(read).toThrow(type);
    expect(read).toThrow(message);
  });

  it('refuses stroops that are negative, too many, or no bigint', () => {
    expect(() => PiAmount.ofStroops(-1n)).toThrow(RangeError);
    expect(() => PiAmount.ofStroops(MAX + 1n)).toThrow(RangeError);
    expect(() => PiAmount.ofStroops(1 as unknown as bigint)).toThrow(TypeError);
  });
});

describe('writing', () => {
  it.each([
    [0n, '0', '0.0000000'],
    [1n, '0.0000001', '0.0000001'],
    [10_000_000n, '1', '1.0000000'],
    [15_000_000n, '1.5', '1.5000000'],
    [1_000_000_000n, '100', '100.0000000'],
    [MAX, '922337203685.4775807', '922337203685.4775807'],
  ])('%p stroops', (value, shortest, fixed) => {
    const amount = PiAmount.ofStroops(value);
    expect([amount.toString(), amount.toFixed(), JSON.stringify({ amount })]).toEqual([
      shortest,
      fixed,
      `{"amount":"${shortest}"}`,
    ]);
  });
});

describe('for all amounts', () => {
  it('text and back is the same amount', () => {
    fc.assert(
      fc.property(stroops, (value) => {
        const amount = PiAmount.ofStroops(value);
        expect(PiAmount.of(amount.toString()).stroops).toBe(value);
        expect(PiAmount.of(amount.toFixed()).stroops).toBe(value);
        expect(amount.toString()).toMatch(/^\d+(\.\d{1,6}[1-9]|\.[1-9])?$|^\d+\.\d*[1-9]$/);
        expect(amount.toFixed()).toMatch(/^\d+\.\d{7}$/);
      }),
    );
  });

  it('a JSON number is never read as another amount', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }), (value) => {
        const read = readOrError(JSON.parse(PiAmount.ofStroops(value).toString()) as number);
        expect(read === value || read === RangeError).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('a JSON number below 2^29 Pi is read exactly', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 29n * 10_000_000n - 1n }), (value) => {
        expect(readOrError(JSON.parse(PiAmount.ofStroops(value).toString()) as number)).toBe(value);
      }),
      { numRuns: 2_000 },
    );
  });

  it('a number is read exactly or not at all', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: 0, max: 9e8 }), (value) => {
        const read = readOrError(value);
        expect(typeof read === 'bigint' ? Number(PiAmount.ofStroops(read).toString()) : read).toBe(
          typeof read === 'bigint' ? value : RangeError,
        );
      }),
      { numRuns: 1_000 },
    );
  });

  it('plus and minus undo each other, and agree with the order', () => {
    const half = fc.bigInt({ min: 0n, max: MAX / 2n });
    fc.assert(
      fc.property(half, half, (a, b) => {
        const [left, right] = [PiAmount.ofStroops(a), PiAmount.ofStroops(b)];
        const sum = left.plus(right);
        expect(sum.minus(right).equals(left)).toBe(true);
        expect(sum.compare(left)).toBe(b === 0n ? 0 : 1);
        expect(left.compare(right)).toBe(-right.compare(left) + 0);
        const [more, less] = a < b ? [right, left] : [left, right];
        expect(more.minus(less).stroops).toBe(more.stroops - less.stroops);
        expect(() => less.minus(more.plus('0.0000001'))).toThrow(/is negative/);
      }),
    );
  });

  it('no text makes it throw anything but a TypeError or a RangeError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+.eE\d]{1,20}$/)), (text) => {
        const read = readOrError(text);
        expect(read === TypeError || read === RangeError || (read as bigint) >= 0n).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

it('adds past the end of the chain to an error, not to another amount', () => {
  expect(() => PiAmount.ofStroops(MAX).plus('0.0000001')).toThrow(RangeError);
});
