import { bearerToken } from '../bearer.js';
import { asObject, property } from './transport.js';
import type { Transport } from './transport.js';

/** Where `nestjs-pi/websockets` keeps the token of a socket whose handshake it verified. */
export const SOCKET_TOKEN = Symbol.for('nestjs-pi:socket-token');

/**
 * socket.io: `auth.token` of the handshake, or its `Authorization` header. ws: what the helper of `nestjs-pi/websockets` kept, for a
 * ws socket does not remember its request.
 */
export const wsTransport: Transport = {
  carrier: (context) => asObject(context.getArgByIndex(0)),
  token(socket) {
    const kept = (socket as { [SOCKET_TOKEN]?: unknown })[SOCKET_TOKEN];
    if (typeof kept === 'string') return kept;
    const handshake = property(socket, 'handshake');
    const token = property(property(handshake, 'auth'), 'token');
    if (typeof token === 'string') return token;
    return bearerToken(property(property(handshake, 'headers'), 'authorization'));
  },
  // A gateway tells its client nothing of an HttpException but "Internal server error".
  async exception(error) {
    const { WsException } = await import('@nestjs/websockets');
    return new WsException(error.getResponse());
  },
};
