import { keepPioneer } from '../auth/kept-pioneer.js';
import type { PiAuthService } from '../auth/pi-auth.service.js';
import { SOCKET_TOKEN, wsTransport } from '../auth/transports/ws.transport.js';
import { PiError } from '../errors/pi-error.js';
import { PiTokenRefusedError } from '../errors/pi-token-refused-error.js';
import { endWithToken } from './socket-lifetime.js';
import type { PiSocketOptions } from './socket-lifetime.js';

/** What is needed of a socket of socket.io. */
export interface SocketIoSocket {
  readonly handshake: { readonly auth: Record<string, unknown>; readonly headers: object };
  readonly disconnected: boolean;
  once(event: 'disconnect', listener: () => void): unknown;
  disconnect(close?: boolean): unknown;
}

/** What the client's `connect_error` gets: `error.message`, and the body of our error as `error.data`. */
export class PiHandshakeError extends Error {
  override readonly name = 'PiHandshakeError';
  readonly data: object;

  constructor(error: PiError) {
    super(error.message);
    this.data = { ...(error.getResponse() as object), headers: error.headers };
  }
}

/**
 * A middleware for socket.io that refuses the handshake of whoever Pi does not know: such a client never connects, so no broadcast
 * reaches it. The token is `auth.token` of the handshake, or its `Authorization` header. The socket is closed when the token ends.
 *
 * @example
 * constructor(private readonly auth: PiAuthService) {}
 * afterInit(server: Server) { server.use(piSocketMiddleware(this.auth)); }
 */
export function piSocketMiddleware(auth: PiAuthService, options: PiSocketOptions = {}) {
  return (socket: SocketIoSocket, next: (error?: Error) => void): void => {
    admit(auth.forApp(options.app), socket, options).then(
      () => next(),
      (error: unknown) => next(error instanceof PiError ? new PiHandshakeError(error) : (error as Error)),
    );
  };
}

async function admit(auth: PiAuthService, socket: SocketIoSocket, options: PiSocketOptions): Promise<void> {
  const token = wsTransport.token(socket);
  if (token === undefined) throw new PiTokenRefusedError('missing');
  const pioneer = await auth.verify(token);
  keepPioneer(socket, pioneer);
  Object.defineProperty(socket, SOCKET_TOKEN, { value: token, configurable: true });
  const letGo = endWithToken(auth, token, pioneer, () => socket.disconnect(true), options);
  socket.once('disconnect', letGo);
}
