import type { ExecutionContext } from '@nestjs/common';
import type { Pioneer } from './pioneer.js';
import { transportOf } from './transports/transports.js';

/** On the request (or socket, or message) itself, so that it lives exactly as long. */
const PIONEER = Symbol.for('nestjs-pi:pioneer');

interface Carrier {
  [PIONEER]?: Pioneer | undefined;
}

export function keepPioneer(carrier: object, pioneer: Pioneer | undefined): void {
  (carrier as Carrier)[PIONEER] = pioneer;
}

/**
 * The Pioneer `PiAuthGuard` verified, for interceptors, filters and loggers; in handlers, `@PiUser()` is shorter.
 *
 * @param from the execution context, or the request, socket or message itself.
 * @returns undefined when nobody was verified: no guard, `@PiPublic()`, or `@PiOptional()` without a token.
 */
export function getPioneer(from: ExecutionContext | object): Pioneer | undefined {
  const carrier = isContext(from) ? transportOf(from.getType<string>())?.carrier(from) : from;
  return (carrier as Carrier | undefined)?.[PIONEER];
}

function isContext(from: object): from is ExecutionContext {
  return 'getType' in from && 'getArgByIndex' in from;
}
