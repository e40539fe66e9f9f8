import { Logger } from '@nestjs/common';
import { clientGone } from '../auth/connection-signal.js';
import { keepPioneer } from '../auth/kept-pioneer.js';
import type { PiAuthService } from '../auth/pi-auth.service.js';
import { property } from '../auth/transports/transport.js';
import { SOCKET_TOKEN, wsTransport } from '../auth/transports/ws.transport.js';
import { PiConfigurationError } from '../errors/pi-configuration-error.js';
import { PiError } from '../errors/pi-error.js';
import type { PiErrorBody } from '../errors/pi-error.js';
import { PiTokenRefusedError } from '../errors/pi-token-refused-error.js';
import { TokenWatch, checkSocketOptions } from './token-watch.js';
import type { PiSocketOptions } from './token-watch.js';

/** What is needed of a socket of socket.io. */
export interface SocketIoSocket {
  readonly handshake: { readonly auth: Record<string, unknown>; readonly headers: object };
  readonly nsp: {
    readonly server: object;
    on(event: 'connect', listener: (socket: object) => void): unknown;
    off(event: 'connect', listener: (socket: object) => void): unknown;
  };
  /** The connection below, which several namespaces may share. */
  readonly conn: {
    readonly readyState: string;
    once(event: 'close', listener: () => void): unknown;
    off(event: 'close', listener: () => void): unknown;
    close(): unknown;
  };
  /** False until every middleware has let it in. */
  readonly connected: boolean;
  once(event: 'disconnect', listener: () => void): unknown;
  disconnect(close?: boolean): unknown;
}

/** What the client's `connect_error` gets: `error.message`, and the body of our error as `error.data`. */
export class PiHandshakeError extends Error {
  override readonly name = 'PiHandshakeError';
  readonly data: object;

  constructor(error: PiError) {
    // Of the body, as the error's own may be for the operator alone.
    const body = error.getResponse() as PiErrorBody;
    super(body.message);
    this.data = { ...body, headers: error.headers };
  }
}

const logger = new Logger('PiAuth');

/**
 * A middleware for socket.io that refuses the handshake of whoever Pi does not know: such a client never connects, so no broadcast
 * reaches it. The token is `auth.token` of the handshake, or its `Authorization` header. The socket is closed when the token ends.
 *
 * Lets nobody in where `connectionStateRecovery` of socket.io is on: that answers who comes back before anybody can be verified.
 *
 * @throws PiConfigurationError `recheckMs` is no time.
 * @example
 * constructor(private readonly auth: PiAuthService) {}
 * afterInit(server: Server) { server.use(piSocketMiddleware(this.auth)); }
 */
export function piSocketMiddleware(auth: PiAuthService, options: PiSocketOptions = {}) {
  checkSocketOptions(options);
  return (socket: SocketIoSocket, next: (error?: Error) => void): void => {
    admit(auth, socket, options).then(
      () => next(),
      (error: unknown) => {
        if (error instanceof PiConfigurationError) logger.error(error.message);
        next(error instanceof PiError ? new PiHandshakeError(error) : (error as Error));
      },
    );
  };
}

async function admit(auth: PiAuthService, socket: SocketIoSocket, options: PiSocketOptions): Promise<void> {
  if (recoversState(socket.nsp.server)) throw unverifiedRecovery();
  // While another middleware had its turn: it has told so already, and tells it no second time.
  if (socket.conn.readyState === 'closing' || socket.conn.readyState === 'closed') throw clientGone();
  const app = auth.forApp(options.app);
  const token = wsTransport.token(socket);
  if (token === undefined) throw new PiTokenRefusedError('missing');
  const leave = (connected: object) => {
    if (connected === socket) socket.disconnect();
  };
  const end = () => {
    if (socket.connected) socket.disconnect();
    else if (isAlone(socket)) socket.conn.close();
    else socket.nsp.on('connect', leave); // it cannot be disconnected before
  };
  const watch = new TokenWatch(app, token, end, options);
  const gone = () => {
    socket.conn.off('close', gone);
    socket.nsp.off('connect', leave);
    watch.letGo();
  };
  socket.once('disconnect', gone);
  // A socket that leaves before it is connected, or that another middleware refuses, knows no 'disconnect'.
  socket.conn.once('close', gone);
  onRefusal(socket, gone);
  try {
    keepPioneer(socket, await watch.admit());
  } catch (error) {
    gone();
    throw error;
  }
  Object.defineProperty(socket, SOCKET_TOKEN, { value: token, configurable: true });
}

/** Whether no other namespace would lose the connection. */
function isAlone(socket: object): boolean {
  const connected = property(property(socket, 'client'), 'sockets');
  return !(connected instanceof Map) || connected.size === 0;
}

/** There is no event for it: a socket that is given up before it is connected has to leave its rooms, and is never heard of again. */
function onRefusal(socket: SocketIoSocket, told: () => void): void {
  const leaveAll = property(socket, 'leaveAll');
  if (typeof leaveAll !== 'function') return;
  const value = () => {
    if (!socket.connected) told();
    leaveAll.call(socket);
  };
  Object.defineProperty(socket, 'leaveAll', { value, configurable: true, writable: true });
}

function recoversState(server: object): boolean {
  return Boolean(property(property(server, 'opts'), 'connectionStateRecovery'));
}

function unverifiedRecovery(): PiConfigurationError {
  return new PiConfigurationError([
    {
      problem:
        'connectionStateRecovery of socket.io puts a client that was away for a while back into its rooms, and sends it what it missed, before piSocketMiddleware can ask whether its token has ended, or is another Pioneer’s.',
      fix: 'Leave connectionStateRecovery out of the options of the gateway or the adapter, and let clients fetch what they missed.',
    },
  ]);
}
