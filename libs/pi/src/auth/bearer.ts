/**
 * The token of an `Authorization` value. The scheme is case-insensitive (RFC 9110); anything but one string of the scheme
 * Bearer holds none.
 */
export function bearerToken(header: unknown): string | undefined {
  if (typeof header !== 'string' || header.length < 8) return undefined;
  // "Bearer " as everybody spells it, without the regular expression: this runs on every request.
  if (header.startsWith('Bearer ')) return header.slice(7).trim() || undefined;
  return /^bearer +(\S.*)$/i.exec(header)?.[1]?.trim();
}
