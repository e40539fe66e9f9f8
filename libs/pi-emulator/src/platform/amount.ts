const STROOPS_PER_PI = 10_000_000n;
/** The largest amount a Stellar network can move. */
const MAX_STROOPS = 2n ** 63n - 1n;

/**
 * Stroops of a decimal number of Pi, read digit by digit (`1e-7` too); undefined when it is no number, has more than
 * 7 decimals, is negative or larger than the chain can hold. Zero is 0n: whether it may be is the caller's question.
 */
export function toStroops(pi: number | string): bigint | undefined {
  const parts = /^(\d+)(?:\.(\d+))?(?:e([+-]?\d{1,3}))?$/i.exec(String(pi).trim());
  if (!parts) return undefined;
  const [, whole = '', fraction = '', exponent = '0'] = parts;
  const shift = Number(exponent) + 7 - fraction.length;
  const digits = whole + fraction;
  if (shift < 0 && !/^0*$/.test(digits.slice(shift))) return undefined;
  const stroops = BigInt((shift < 0 ? digits.slice(0, shift) : digits + '0'.repeat(shift)) || '0');
  return stroops <= MAX_STROOPS ? stroops : undefined;
}

/** Pi as the Platform API writes amounts: a JSON number. */
export function toPiNumber(stroops: bigint): number {
  return Number(toPiString(stroops));
}

/** Pi as Horizon writes amounts: always 7 decimals. */
export function toPiString(stroops: bigint): string {
  return `${stroops / STROOPS_PER_PI}.${String(stroops % STROOPS_PER_PI).padStart(7, '0')}`;
}
