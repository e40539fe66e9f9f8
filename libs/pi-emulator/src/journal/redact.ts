const SEED = /^S[A-Z2-7]{55}$/;
const SECRET_FIELD = /token|secret|seed|password|api_?key|authorization/i;

/** `Bearer emulated_…` stays, any other credential keeps its first four characters: it may be a real one. */
export function redactAuthorization(header: string): string {
  const [scheme = '', ...rest] = header.trim().split(/ +/);
  return rest.length === 0 ? mask(scheme) : `${scheme} ${mask(rest.join(' '))}`;
}

/** A copy of a body in which values that look like keys, tokens or seeds of the real world are cut short. */
export function redactBody(body: unknown, field = ''): unknown {
  if (typeof body === 'string') return SECRET_FIELD.test(field) || SEED.test(body) ? mask(body) : body;
  if (body instanceof URLSearchParams) return redactBody(Object.fromEntries(body));
  if (Array.isArray(body)) return body.map((value) => redactBody(value, field));
  if (typeof body !== 'object' || body === null) return body;
  return Object.fromEntries(Object.entries(body).map(([key, value]) => [key, redactBody(value, key)]));
}

const mask = (secret: string): string => (secret.startsWith('emulated_') ? secret : `${secret.slice(0, 4)}…`);
