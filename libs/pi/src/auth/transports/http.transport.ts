import { bearerToken } from '../bearer.js';
import { asObject, property } from './transport.js';
import type { Connection, Transport } from './transport.js';

/** A request of Express or of Fastify: both have `headers`, with lower-case names. */
export const httpTransport: Transport = {
  carrier: (context) => asObject(context.getArgByIndex(0)),
  token: (request) => bearerToken(property((request as { headers?: object }).headers, 'authorization')),
  exception: (error) => error,
  connection(request) {
    const raw = property(request, 'raw') ?? request;
    // Of HTTP/2 the stream: its socket carries the requests of others as well.
    const connection = property(raw, 'stream') ?? property(raw, 'socket');
    return typeof property(connection, 'once') === 'function' && typeof property(connection, 'off') === 'function'
      ? (connection as Connection)
      : undefined;
  },
};
