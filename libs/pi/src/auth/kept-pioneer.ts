import type { ExecutionContext } from '@nestjs/common';
import type { Pioneer } from './pioneer.js';
import { transportOf } from './transports/transports.js';

/** On the request (or socket, or message) itself, so that it lives exactly as long. */
const PIONEER = Symbol.for('nestjs-pi:pioneer');

interface Carrier {
  [PIONEER]?: Pioneer | undefined;
}

/** Of a socket or a connection, one message may be another Pioneer's, or of another Pi app, than the next. */
const ofMessages = new WeakMap<object, Pioneer | undefined>();

export function keepPioneer(carrier: object, pioneer: Pioneer | undefined): void {
  (carrier as Carrier)[PIONEER] = pioneer;
}

export function keepPioneerOfMessage(message: object, pioneer: Pioneer | undefined): void {
  ofMessages.set(message, pioneer);
}

/**
 * The Pioneer `PiAuthGuard` verified, for interceptors, filters and loggers; in handlers, `@PiUser()` is shorter.
 *
 * @param from the execution context, or the request, socket or message itself.
 * @returns undefined when nobody was verified: no guard, `@PiPublic()`, or `@PiOptional()` without a token.
 */
export function getPioneer(from: ExecutionContext | object): Pioneer | undefined {
  if (!isContext(from)) return (from as Carrier)[PIONEER];
  const transport = transportOf(from.getType<string>());
  const message = transport?.message?.(from);
  if (message && ofMessages.has(message)) return ofMessages.get(message);
  return (transport?.carrier(from) as Carrier | undefined)?.[PIONEER];
}

function isContext(from: object): from is ExecutionContext {
  return 'getType' in from && 'getArgByIndex' in from;
}
