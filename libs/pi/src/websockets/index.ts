export { PiHandshakeError, piSocketMiddleware } from './socket-io.js';
export type { SocketIoSocket } from './socket-io.js';
export type { PiSocketOptions } from './token-watch.js';
export { WS_REFUSED, WS_TRY_AGAIN_LATER, admitWsSocket } from './ws.js';
export type { PiWsOptions, WsRequest, WsSocket } from './ws.js';
