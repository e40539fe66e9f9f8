import { Logger } from '@nestjs/common';
import { keepPioneer } from '../auth/kept-pioneer.js';
import type { PiAuthService } from '../auth/pi-auth.service.js';
import type { Pioneer } from '../auth/pioneer.js';
import { SOCKET_TOKEN } from '../auth/transports/ws.transport.js';
import { PiError } from '../errors/pi-error.js';
import { PiTokenRefusedError } from '../errors/pi-token-refused-error.js';
import { PiUnavailableError } from '../errors/pi-unavailable-error.js';
import { TokenWatch, checkSocketOptions } from './token-watch.js';
import type { PiSocketOptions } from './token-watch.js';

/** Close codes of RFC 6455. The reason is the `errorCode` of our error. */
export const WS_REFUSED = 1008;
export const WS_TRY_AGAIN_LATER = 1013;
const WS_INTERNAL_ERROR = 1011;

const OPEN = 1;
const logger = new Logger('PiAuth');

/** What is needed of a socket to end it with its token. */
export interface ClosableSocket {
  readonly readyState: number;
  once(event: 'close', listener: () => void): unknown;
  close(code?: number, reason?: string): void;
}

/**
 * Verifies the token that a socket was opened with, and closes the socket when that token ends. Never rejects.
 *
 * @returns undefined when the socket was closed.
 */
export async function admitSocket(
  auth: PiAuthService,
  socket: ClosableSocket,
  findToken: () => string | undefined,
  options: PiSocketOptions,
): Promise<Pioneer | undefined> {
  // It has told so already, and tells it no second time.
  if (socket.readyState > OPEN) return undefined;
  try {
    checkSocketOptions(options);
    const token = findToken();
    if (token === undefined) throw new PiTokenRefusedError('missing');
    // At once, for the guard of a message that comes before the answer of Pi.
    Object.defineProperty(socket, SOCKET_TOKEN, { value: token, configurable: true });
    const watch = new TokenWatch(
      auth.forApp(options.app),
      token,
      (reason) => socket.close(WS_REFUSED, reason.code),
      options,
    );
    socket.once('close', () => watch.letGo());
    const pioneer = await watch.admit();
    keepPioneer(socket, pioneer);
    return pioneer;
  } catch (error) {
    // Gone meanwhile: nobody is left to be told.
    if (socket.readyState > OPEN) return undefined;
    // Logged, not thrown: nobody awaits handleConnection, so a client could end the process by it.
    if (isOurFault(error)) logger.error(error);
    socket.close(closeCodeOf(error), error instanceof PiError ? error.code : undefined);
    return undefined;
  }
}

/** E.g. an app that is not registered, or a `token` option that throws. */
function isOurFault(error: unknown): boolean {
  return !(error instanceof PiError) || error.getStatus() === 500;
}

function closeCodeOf(error: unknown): number {
  if (error instanceof PiUnavailableError) return WS_TRY_AGAIN_LATER;
  return isOurFault(error) ? WS_INTERNAL_ERROR : WS_REFUSED;
}
