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
  message(context) {
    // After the socket: the data, then the function that acknowledges, where there are such.
    const [socket, ...rest] = context.getArgs<unknown[]>();
    return rest.map(asReference).find(Boolean) ?? slotOf(socket as object, context.getHandler());
  },
  // A gateway tells its client nothing of an HttpException but "Internal server error".
  async exception(error) {
    const { WsException } = await import('@nestjs/websockets');
    return new WsException(error.getResponse());
  },
};

const slots = new WeakMap<object, WeakMap<object, object>>();

/** For messages without anything of their own: handlers of several Pi apps are kept apart at least. */
function slotOf(socket: object, handler: object): object {
  const ofSocket = slots.get(socket) ?? new WeakMap<object, object>();
  slots.set(socket, ofSocket);
  const slot = ofSocket.get(handler) ?? {};
  ofSocket.set(handler, slot);
  return slot;
}

function asReference(value: unknown): object | undefined {
  return typeof value === 'function' ? value : asObject(value);
}
