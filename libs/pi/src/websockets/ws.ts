import { bearerToken } from '../auth/bearer.js';
import type { PiAuthService } from '../auth/pi-auth.service.js';
import type { Pioneer } from '../auth/pioneer.js';
import { admitSocket } from './admit-socket.js';
import type { ClosableSocket } from './admit-socket.js';
import type { PiSocketOptions } from './token-watch.js';

/** What is needed of a socket of the package ws. */
export interface WsSocket extends ClosableSocket {
  send(...args: never[]): void;
}

/** What is needed of the request that opened it. */
export interface WsRequest {
  readonly headers: { readonly authorization?: string | undefined; readonly [name: string]: unknown };
}

export interface PiWsOptions extends PiSocketOptions {
  /** Where else the token may be. Default: the `Authorization` header, then the subprotocol after `bearer`. */
  token?: (request: WsRequest) => string | undefined;
}

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
  const pioneer = await admitSocket(auth, socket, () => (options.token ?? tokenOf)(request), options);
  if (pioneer) unmute();
  return pioneer;
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
