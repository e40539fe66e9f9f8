import { toPiNumber, toPiString, toStroops } from './amount.js';

describe('amounts', () => {
  it.each([
    [1, 10_000_000n],
    [0.1, 1_000_000n],
    [1e-7, 1n],
    ['1e-7', 1n],
    ['1E2', 1_000_000_000n],
    ['0.0000001', 1n],
    ['1.50000000000', 15_000_000n],
    [0, 0n],
    ['922337203685.4775807', 2n ** 63n - 1n],
    ['922337203685.4775808', undefined],
    [1e-8, undefined],
    ['1.00000001', undefined],
    [-1, undefined],
    [Number.NaN, undefined],
    [Number.POSITIVE_INFINITY, undefined],
    ['', undefined],
    ['1,5', undefined],
    ['0x10', undefined],
  ])('%s Pi is %s stroops', (pi, stroops) => {
    expect(toStroops(pi)).toBe(stroops);
  });

  it.each([
    [1n, 1e-7, '0.0000001'],
    [15_000_000n, 1.5, '1.5000000'],
    [1_001_234_567n, 100.1234567, '100.1234567'],
  ])('%s stroops are written as %s and %s', (stroops, number, text) => {
    expect([toPiNumber(stroops), toPiString(stroops)]).toEqual([number, text]);
  });
});
