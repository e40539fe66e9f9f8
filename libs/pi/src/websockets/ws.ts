import { Logger } from '@nestjs/common';
import { bearerToken } from '../auth/bearer.js';
import { keepPioneer } from '../auth/kept-pioneer.js';
import type { PiAuthService } from '../auth/pi-auth.service.js';
import type { Pioneer } from '../auth/pioneer.js';
import { SOCKET_TOKEN } from '../auth/transports/ws.transport.js';
import { PiError } from '../errors/pi-error.js';
import { PiTokenRefusedError } from '../errors/pi-token-refused-error.js';
import { PiUnavailableError } from '../errors/pi-unavailable-error.js';
import { TokenWatch, checkSocketOptions } from './token-watch.js';
import type { PiSocketOptions } from './token-watch.js';

/** What is needed of a socket of the package ws. */
export interface WsSocket {
  readonly readyState: number;
  send(...args: never[]): void;
  once(event: 'close', listener: () => void): unknown;
  close(code?: number, reason?: string): void;
}

/** What is needed of the request that opened it. */
export interface WsRequest {
  readonly headers: { readonly authorization?: string | undefined; readonly [name: string]: unknown };
}

export interface PiWsOptions extends PiSocketOptions {
  /** Where else the token may be. Default: the `Authorization` header, then the subprotocol after `bearer`. */
  token?: (request: WsRequest) => string | undefined;
}

/** Close codes of RFC 6455. The reason is the `errorCode` of our error. */
export const WS_REFUSED = 1008;
export const WS_TRY_AGAIN_LATER = 1013;

/**
 * For `handleConnection` of a gateway over ws: verifies the token of the request that opened the socket. Until that is done, whatever is
 * sent to the socket (a broadcast) is dropped; a refused one is closed with 1008, and with 1013 when Pi cannot be asked. It is closed
 * when the token ends. Never rejects: what is our own fault is logged, and the socket is closed with 1011.
 *
 * A browser cannot set headers: there, `new WebSocket(url, ['bearer', accessToken])`.
 *
 * @returns undefined when the socket was closed.
 * @example
 * async handleConnection(client: WebSocket, request: IncomingMessage) {
 *   const pioneer = await admitWsSocket(this.auth, client, request);
 *   if (pioneer) this.joined(client, pioneer);
 * }
 */
export async function admitWsSocket(
  auth: PiAuthService,
  socket: WsSocket,
  request: WsRequest,
  options: PiWsOptions = {},
): Promise<Pioneer | undefined> {
  const unmute = mute(socket);
  try {
    checkSocketOptions(options);
    const token = (options.token ?? tokenOf)(request);
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
    unmute();
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

const OPEN = 1;
const WS_INTERNAL_ERROR = 1011;
const logger = new Logger('PiAuth');

/** E.g. an app that is not registered, or a `token` option that throws. */
function isOurFault(error: unknown): boolean {
  return !(error instanceof PiError) || error.getStatus() === 500;
}

function closeCodeOf(error: unknown): number {
  if (error instanceof PiUnavailableError) return WS_TRY_AGAIN_LATER;
  return isOurFault(error) ? WS_INTERNAL_ERROR : WS_REFUSED;
}

function tokenOf({ headers }: WsRequest): string | undefined {
  const protocols = String(headers['sec-websocket-protocol'] ?? '').split(/ *, */);
  return bearerToken(headers.authorization) ?? (protocols[0] === 'bearer' ? protocols[1] : undefined);
}

/** ws adds a socket to `server.clients` before anybody could look at it; so it is the socket that has to keep silent. */
function mute(socket: WsSocket): () => void {
  Object.defineProperty(socket, 'send', { value: () => undefined, configurable: true, writable: true });
  return () => delete (socket as { send?: unknown }).send;
}
