import { EmulatorError } from './emulator-error.js';

/**
 * Refuses fields nobody knows: a mistyped one would be a wish silently not granted.
 * `known` names every field of `T`, so that a new one cannot be forgotten.
 * @throws EmulatorError 400 `unknown_field` naming the field and the known ones
 */
export function refuseUnknown<T>(what: string, given: object, known: Readonly<Record<keyof T, true>>): void {
  const unknown = Object.entries(given).find(([field, value]) => value !== undefined && !Object.hasOwn(known, field));
  if (!unknown) return;
  const names = Object.keys(known);
  const takes = names.length === 0 ? 'it takes none' : `it takes ${names.join(', ')}`;
  throw new EmulatorError('unknown_field', `${what} has no field '${unknown[0]}': ${takes}.`);
}
