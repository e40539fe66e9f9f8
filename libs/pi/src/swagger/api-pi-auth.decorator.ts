import { applyDecorators } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiForbiddenResponse,
  ApiServiceUnavailableResponse,
  ApiUnauthorizedResponse,
} from '@nestjs/swagger';
import type { DocumentBuilder } from '@nestjs/swagger';
import { errorSchema, header } from './error-answers.js';

/** What the security scheme is called in the document. */
export const PI_SECURITY = 'pi';

export interface ApiPiAuthOptions {
  /** As in `@PiScopes()`: documents the 403 as well. */
  scopes?: readonly string[];
}

/**
 * Documents a route or a controller behind `PiAuthGuard`: the Bearer token, and what 401, 403 and 503 look like. As soon as one answer
 * is documented, @nestjs/swagger leaves the successful one to you: `@ApiOkResponse()`.
 *
 * @example
 * @ApiPiAuth({ scopes: ['payments'] })
 * @PiScopes('payments')
 * @UseGuards(PiAuthGuard)
 */
export function ApiPiAuth({ scopes = [] }: ApiPiAuthOptions = {}): ClassDecorator & MethodDecorator {
  return applyDecorators(
    ApiBearerAuth(PI_SECURITY),
    ApiUnauthorizedResponse({
      description: 'No access token, or Pi refuses it: sign in with `Pi.authenticate()` and send its `accessToken`.',
      headers: { 'WWW-Authenticate': header('`Bearer`, with `error="invalid_token"` when a token was sent.') },
      schema: errorSchema('PI_TOKEN_REFUSED'),
    }),
    ...(scopes.length > 0
      ? [
          ApiForbiddenResponse({
            description: `The Pioneer has not granted: ${scopes.join(', ')}.`,
            headers: { 'WWW-Authenticate': header('`Bearer error="insufficient_scope"`, with the scopes missing.') },
            schema: errorSchema('PI_SCOPE_MISSING'),
          }),
        ]
      : []),
    ApiServiceUnavailableResponse({
      description: 'Pi cannot be asked at the moment: neither yes nor no. The same request may succeed later.',
      headers: { 'Retry-After': header('Seconds to wait.') },
      schema: errorSchema('PI_UNAVAILABLE'),
    }),
  );
}

/**
 * Adds the security scheme `@ApiPiAuth()` refers to.
 *
 * @example
 * const config = addPiAuth(new DocumentBuilder().setTitle('Shop')).build();
 */
export function addPiAuth(builder: DocumentBuilder): DocumentBuilder {
  return builder.addBearerAuth(
    {
      type: 'http',
      scheme: 'bearer',
      description: 'The `accessToken` that `Pi.authenticate()` returns in the Pi Browser.',
    },
    PI_SECURITY,
  );
}
