import { bearerToken } from '../bearer.js';
import { asObject, property } from './transport.js';
import type { Transport } from './transport.js';

/**
 * Apollo, over Express and Fastify. The carrier is the HTTP request; of a subscription (graphql-ws), the connection: its
 * token is in `connectionParams`, as `authorization: 'Bearer …'` or as `token`.
 */
export const graphqlTransport: Transport = {
  carrier(context) {
    // Resolvers get (parent, args, context, info); a reference resolver gets no args.
    const args = context.getArgs<unknown[]>();
    const gql = asObject(args.length === 3 ? args[1] : args[2]);
    return asObject(property(gql, 'req')) ?? asObject(property(gql, 'request')) ?? gql;
  },
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
