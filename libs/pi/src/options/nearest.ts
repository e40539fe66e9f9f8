/**
 * The candidate that was probably meant, or none. Case, `_` and `-` do not count (`api_key`, `apikey`); of the letters a
 * third may be wrong.
 *
 * @param nameOf the part of a candidate that is compared. Default: all of it.
 */
export function nearest(
  name: string,
  candidates: readonly string[],
  nameOf = (candidate: string) => candidate,
): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, ...compare(plain(name), plain(nameOf(candidate))) }))
    .filter(({ distance, allowed }) => distance <= allowed)
    .toSorted((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}

const plain = (name: string): string => name.toLowerCase().replaceAll(/[_-]/g, '');

function compare(a: string, b: string): { distance: number; allowed: number } {
  return { distance: distanceOf(a, b), allowed: Math.floor(Math.max(a.length, b.length) / 3) };
}

/** Letters missing, added, exchanged or swapped with their neighbour (optimal string alignment). */
function distanceOf(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i += 1) {
    const row = (rows[i] = [i]);
    for (let j = 1; j <= b.length; j += 1) {
      const exchanged = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, exchanged, isSwap ? at(i - 2, j - 2) + 1 : exchanged));
    }
  }
  return at(a.length, b.length);
}
