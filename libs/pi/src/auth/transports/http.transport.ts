import { bearerToken } from '../bearer.js';
import { asObject, property } from './transport.js';
import type { Connection, Transport } from './transport.js';

/** A request of Express or of Fastify: both have `headers`, with lower-case names. */
export const httpTransport: Transport = {
  carrier: (context) => asObject(context.getArgByIndex(0)),
  token: (request) => bearerToken(property((request as { headers?: object }).headers, 'authorization')),
  exception: (error) => error,
  connection(request) {
    const socket = property(property(request, 'raw') ?? request, 'socket');
    return typeof property(socket, 'once') === 'function' && typeof property(socket, 'off') === 'function'
      ? (socket as Connection)
      : undefined;
  },
};
