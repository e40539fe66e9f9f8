import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set it to have the connection break instead of an answer. */
    isCutOff: boolean;
  }
}

/**
 * Breaks the connection of requests marked `isCutOff` when their answer would leave: what hooks installed before this one
 * do for an answer (the state file) is done by then, so a client never notices too early.
 */
export function installCutOff(server: FastifyInstance): void {
  server.decorateRequest('isCutOff', false);
  server.addHook('onSend', async (request) => {
    if (request.isCutOff) request.raw.socket.destroy();
  });
}
