import type { PiAuthService } from '../auth/pi-auth.service.js';
import { graphqlTransport } from '../auth/transports/graphql.transport.js';
import { PiConfigurationError } from '../errors/pi-configuration-error.js';
import { admitSocket } from './admit-socket.js';
import type { ClosableSocket } from './admit-socket.js';
import type { PiSocketOptions } from './token-watch.js';

/** What is needed of the context that graphql-ws hands to `onConnect`. */
export interface GraphqlWsContext {
  readonly connectionParams?: Readonly<Record<string, unknown>> | undefined;
  /** Over the package ws: `{ socket, request }`. */
  readonly extra: unknown;
}

/**
 * For `onConnect` of graphql-ws: verifies the token of `connectionParams` (`authorization: 'Bearer …'` or `token`) before any
 * subscription, and closes the socket, with all its subscriptions, when that token ends. A refused one is closed with 1008, and with
 * 1013, after which its client tries again, when Pi cannot be asked. The guard still checks each subscription when it begins.
 *
 * @returns whether the socket may stay.
 * @throws PiConfigurationError when graphql-ws does not run over the package ws.
 * @example
 * GraphQLModule.forRootAsync<ApolloDriverConfig>({
 *   driver: ApolloDriver,
 *   inject: [PiAuthService],
 *   useFactory: (auth: PiAuthService) => ({
 *     autoSchemaFile: true,
 *     subscriptions: { 'graphql-ws': { onConnect: (context) => admitGraphqlSocket(auth, context) } },
 *   }),
 * })
 */
export async function admitGraphqlSocket(
  auth: PiAuthService,
  { connectionParams = {}, extra }: GraphqlWsContext,
  options: PiSocketOptions = {},
): Promise<boolean> {
  const token = () => graphqlTransport.token({ connectionParams });
  return (await admitSocket(auth, socketOf(extra), token, options)) !== undefined;
}

function socketOf(extra: unknown): ClosableSocket {
  const socket = (extra as { socket?: Partial<ClosableSocket> } | undefined)?.socket;
  if (typeof socket?.close === 'function' && typeof socket.once === 'function') return socket as ClosableSocket;
  throw new PiConfigurationError([
    {
      problem: 'admitGraphqlSocket found no socket in the context of graphql-ws.',
      fix: 'Give it the context of `onConnect` of graphql-ws over the package ws, as `subscriptions: { "graphql-ws": … }` of GraphQLModule does.',
    },
  ]);
}
