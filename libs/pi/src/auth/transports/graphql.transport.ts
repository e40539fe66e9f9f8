import { bearerToken } from '../bearer.js';
import { asObject, property } from './transport.js';
import type { Transport } from './transport.js';

/**
 * Apollo, over Express and Fastify. The carrier is the HTTP request; of a subscription (graphql-ws), the connection: its
 * token is in `connectionParams`, as `authorization: 'Bearer …'` or as `token`. Resolvers get (parent, args, context, info);
 * a reference resolver gets no args. The info is made for each field of each operation.
 */
export const graphqlTransport: Transport = {
  carrier(context) {
    const gql = asObject(context.getArgs<unknown[]>().at(-2));
    return asObject(property(gql, 'req')) ?? asObject(property(gql, 'request')) ?? gql;
  },
  message: (context) => asObject(context.getArgs<unknown[]>().at(-1)),
  token(carrier) {
    const params = property(carrier, 'connectionParams');
    if (params === undefined) return bearerToken(property(property(carrier, 'headers'), 'authorization'));
    const bearer = bearerToken(property(params, 'authorization') ?? property(params, 'Authorization'));
    const token = property(params, 'token');
    return bearer ?? (typeof token === 'string' ? token : undefined);
  },
  // Apollo reads status and body of an HttpException into `extensions`.
  exception: (error) => error,
};
