/** An answer that is not what the contract says. Names the field and what stood there. */
export class UnreadableAnswer extends Error {
  constructor(field: string, expected: string, value: unknown) {
    super(`${field} has to be ${expected}, but is ${shown(value)}`);
    this.name = 'UnreadableAnswer';
  }
}

export type Fields = Readonly<Record<string, unknown>>;

/** Strict readers of known fields. `path` is for the message: `'payment.status'`. */
export function readObject(value: unknown, path: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UnreadableAnswer(path, 'an object', value);
  return value as Fields;
}

export function readArray(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new UnreadableAnswer(path, 'an array', value);
  return value as readonly unknown[];
}

/** A string that names somebody or something, so it cannot be empty. */
export function readNonEmpty(fields: Fields, name: string, path: string): string {
  const value = readString(fields, name, path);
  if (value === '') throw new UnreadableAnswer(`${path}.${name}`, 'a string that is not empty', value);
  return value;
}

export function readString(fields: Fields, name: string, path: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new UnreadableAnswer(`${path}.${name}`, 'a string', value);
  return value;
}

/** Not there, or null. */
export function readOptionalString(fields: Fields, name: string, path: string): string | undefined {
  return fields[name] === undefined || fields[name] === null ? undefined : readString(fields, name, path);
}

export function readNullableString(fields: Fields, name: string, path: string): string | null {
  return readOptionalString(fields, name, path) ?? null;
}

export function readBoolean(fields: Fields, name: string, path: string): boolean {
  const value = fields[name];
  if (typeof value !== 'boolean') throw new UnreadableAnswer(`${path}.${name}`, 'true or false', value);
  return value;
}

export function readNumber(fields: Fields, name: string, path: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new UnreadableAnswer(`${path}.${name}`, 'a number', value);
  return value;
}

/** Not negative, and exact in a double. */
export function readCount(fields: Fields, name: string, path: string): number {
  const value = fields[name];
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw new UnreadableAnswer(`${path}.${name}`, 'a whole number', value);
  }
  return value as number;
}

/** A whole number that JSON carries as a string of digits (or as a number that is still exact). */
export function readBigInt(fields: Fields, name: string, path: string): bigint {
  const value = fields[name];
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return BigInt(value);
  if (Number.isSafeInteger(value) && (value as number) >= 0) return BigInt(value as number);
  throw new UnreadableAnswer(`${path}.${name}`, 'a whole number', value);
}

/** ISO 8601. */
export function readDate(fields: Fields, name: string, path: string): Date {
  const text = readString(fields, name, path);
  const date = /^\d{4}-\d\d-\d\dT/.test(text) ? new Date(text) : undefined;
  if (!date || Number.isNaN(date.getTime())) throw new UnreadableAnswer(`${path}.${name}`, 'an ISO 8601 date', text);
  return date;
}

export function readOneOf<T extends string>(fields: Fields, name: string, path: string, allowed: readonly T[]): T {
  const value = fields[name];
  const known = allowed.find((candidate) => candidate === value);
  if (known === undefined) throw new UnreadableAnswer(`${path}.${name}`, `one of ${allowed.join(', ')}`, value);
  return known;
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
