import { HttpException } from '@nestjs/common';

/** What a client gets to read. The same shape on Nest 11 and 12. */
export interface PiErrorBody {
  readonly statusCode: number;
  /** Stable, for programs: `PI_…`. */
  readonly errorCode: string;
  /** For people. */
  readonly message: string;
  /** Of an error worth asking again: what `Retry-After` says over HTTP, for transports without headers. */
  readonly retryAfterSeconds?: number;
  readonly [detail: string]: unknown;
}

export interface PiErrorInit {
  /** Status facing our caller. */
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** More fields of the body. They reach the client: no secrets, nothing of another Pioneer. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** When to ask again: becomes `Retry-After`, and the same in the body. Whole seconds. */
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/** Those of Apollo, by status; every other is an INTERNAL_SERVER_ERROR with its status beside it. */
const GRAPHQL_CODES: Readonly<Record<number, string>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  422: 'BAD_USER_INPUT',
};

/**
 * Every error this library throws on purpose. An `HttpException`, so an uncaught one already has the right status and body;
 * {@link PiExceptionFilter} adds the {@link headers}.
 */
export abstract class PiError extends HttpException {
  /** Stable, for programs: `PI_…`. Also `errorCode` of the body. */
  abstract readonly code: string;
  /** True when the same request may succeed later, unchanged. */
  abstract readonly retryable: boolean;
  /** Set on the answer by `PiExceptionFilter`: `WWW-Authenticate`, `Retry-After`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(init: PiErrorInit) {
    const { retryAfterSeconds } = init;
    const body: PiErrorBody = {
      statusCode: init.status,
      errorCode: init.code,
      message: init.message,
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
      ...init.details,
    };
    super(body, init.status, init.cause === undefined ? {} : { cause: init.cause });
    this.headers = {
      ...init.headers,
      ...(retryAfterSeconds !== undefined && { 'Retry-After': String(retryAfterSeconds) }),
    };
  }

  /**
   * What GraphQL answers beside the message, in the shape `@nestjs/apollo` gives an HttpException. That does so for queries and
   * mutations alone; a refused subscription has nothing but this.
   */
  get extensions(): Readonly<Record<string, unknown>> {
    const status = this.getStatus();
    const code = GRAPHQL_CODES[status];
    return {
      ...(code === undefined ? { code: 'INTERNAL_SERVER_ERROR', status } : { code }),
      originalError: this.getResponse(),
    };
  }
}
