import { PiError } from './pi-error.js';

export type PiTokenRefusal = 'missing' | 'malformed' | 'refused' | 'expired' | 'foreign_app';

const MESSAGES: Record<PiTokenRefusal, string> = {
  missing: 'Sign in with Pi: send the access token of Pi.authenticate() as "Authorization: Bearer <token>".',
  malformed: 'The access token is not one of Pi: send what Pi.authenticate() returned, unchanged.',
  refused: 'Pi does not accept this access token: sign in again with Pi.authenticate().',
  expired: 'The access token has expired: sign in again with Pi.authenticate().',
  foreign_app: 'The access token was issued to another app: sign in with Pi.authenticate() in this one.',
};

/** 401: the access token is missing, or Pi (or we, reading Pi's answer) said no to it. Carries `WWW-Authenticate` by RFC 6750. */
export class PiTokenRefusedError extends PiError {
  readonly code = 'PI_TOKEN_REFUSED' as const;
  readonly retryable = false as const;
  readonly reason: PiTokenRefusal;

  constructor(reason: PiTokenRefusal = 'refused', options: { cause?: unknown } = {}) {
    super({
      status: 401,
      code: 'PI_TOKEN_REFUSED',
      message: MESSAGES[reason],
      // RFC 6750 §3.1: a request without credentials gets no error code.
      headers: { 'WWW-Authenticate': reason === 'missing' ? 'Bearer' : 'Bearer error="invalid_token"' },
      cause: options.cause,
    });
    this.reason = reason;
  }
}
