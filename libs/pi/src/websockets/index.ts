export { WS_REFUSED, WS_TRY_AGAIN_LATER } from './admit-socket.js';
export { admitGraphqlSocket } from './graphql-ws.js';
export type { GraphqlWsContext } from './graphql-ws.js';
export { PiHandshakeError, piSocketMiddleware } from './socket-io.js';
export type { SocketIoSocket } from './socket-io.js';
export type { PiSocketOptions } from './token-watch.js';
export { admitWsSocket } from './ws.js';
export type { PiWsOptions, WsRequest, WsSocket } from './ws.js';
