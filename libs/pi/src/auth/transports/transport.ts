import type { ExecutionContext } from '@nestjs/common';
import type { PiError } from '../../errors/pi-error.js';

/** How the guard does its work in one kind of context, without importing that transport's packages. */
export interface Transport {
  /** Where the token is read and the Pioneer is kept; undefined when there is no such place. */
  carrier(context: ExecutionContext): object | undefined;
  token(carrier: object): string | undefined;
  /** What belongs to this message alone, where several under way at a time have one carrier. */
  message?(context: ExecutionContext): object | undefined;
  /** The error a client of this transport can read. */
  exception(error: PiError, context: ExecutionContext): Error | Promise<Error>;
  /** Emits `close` when whoever waits for an answer has gone. */
  connection?(carrier: object): Connection | undefined;
}

export interface Connection {
  readonly destroyed?: boolean;
  once(event: 'close', listener: () => void): unknown;
  off(event: 'close', listener: () => void): unknown;
}

/** A property of whatever a transport hands us. */
export function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

export function asObject(value: unknown): object | undefined {
  return typeof value === 'object' && value !== null ? value : undefined;
}
