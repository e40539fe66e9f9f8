import { PiError } from './pi-error.js';

/** 403: the token is good, but the Pioneer has not granted what this route needs. Names the scopes, by RFC 6750. */
export class PiScopeMissingError extends PiError {
  readonly code = 'PI_SCOPE_MISSING' as const;
  readonly retryable = false as const;
  /** What is missing, e.g. `['payments']`. */
  readonly scopes: readonly string[];

  constructor(scopes: readonly string[]) {
    const names = scopes.join(' ');
    super({
      status: 403,
      code: 'PI_SCOPE_MISSING',
      message: `The Pioneer has not granted: ${names}. Ask for it in Pi.authenticate([${scopes.map((scope) => `'${scope}'`).join(', ')}], …).`,
      details: { scopes },
      headers: { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${names}"` },
    });
    this.scopes = scopes;
  }
}
