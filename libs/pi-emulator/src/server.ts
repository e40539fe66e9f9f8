import cors from '@fastify/cors';
import Fastify, { type FastifyInstance } from 'fastify';
import { controlRoutes } from './control/control.routes.js';
import type { PiEmulator } from './emulator.js';
import { platformRoutes } from './platform/platform.routes.js';

/** Puts everything the emulator answers on one port: Platform API, Horizon, browser SDK, dashboard, control API. */
export async function buildServer(emulator: PiEmulator): Promise<FastifyInstance> {
  const server = Fastify({ logger: false, forceCloseConnections: true, bodyLimit: 64 * 1024 * 1024 });
  tolerateEmptyJson(server);
  await server.register(cors, { origin: true, methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] });
  await server.register(async (scope) => controlRoutes(scope, emulator), { prefix: '/_emulator' });
  await server.register(async (scope) => platformRoutes(scope, emulator.platform), { prefix: '/v2' });
  return server;
}

/** `approve` and `cancel` have no body, yet many clients announce JSON for it: Pi takes that. */
function tolerateEmptyJson(server: FastifyInstance): void {
  server.removeContentTypeParser('application/json');
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    if (body === '') return done(null, undefined);
    try {
      done(null, JSON.parse(body as string));
    } catch {
      done(Object.assign(new Error('The body is not JSON.'), { statusCode: 400 }));
    }
  });
}
