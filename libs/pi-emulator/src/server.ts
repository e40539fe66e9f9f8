import cors from '@fastify/cors';
import Fastify, { type FastifyInstance } from 'fastify';
import { controlRoutes } from './control/control.routes.js';
import type { PiEmulator } from './emulator.js';
import { installFaults } from './faults/fault.hook.js';
import { installJournal } from './journal/journal.hook.js';
import type { Journal } from './journal/journal.js';
import { platformRoutes } from './platform/platform.routes.js';
import { sdkRoutes } from './sdk/index.js';
import type { World } from './world.js';

/** Puts everything the emulator answers on one port: Platform API, Horizon, browser SDK, dashboard, control API. */
export async function buildServer({ emulator, world, journal }: Parts, closing: AbortSignal): Promise<FastifyInstance> {
  const server = Fastify({ logger: false, forceCloseConnections: true, bodyLimit: 256 * 1024 * 1024 });
  tolerateEmptyJson(server);
  installPersistence(server, world);
  installJournal(server, journal);
  await server.register(cors, {
    origin: true,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: ['Latest-Ledger', 'Retry-After'],
  });
  installFaults(server, emulator.faults, closing);
  await server.register(async (scope) => controlRoutes(scope, emulator), { prefix: '/_emulator' });
  await server.register(async (scope) => platformRoutes(scope, world.platform), { prefix: '/v2' });
  await server.register(async (scope) => sdkRoutes(scope, emulator));
  return server;
}

interface Parts {
  readonly emulator: PiEmulator;
  readonly world: World;
  readonly journal: Journal;
}

/** No answer leaves before what it tells is in the state file. */
function installPersistence(server: FastifyInstance, world: World): void {
  server.addHook('onSend', async ({ method }) => {
    if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') await world.saved();
    else await world.save();
  });
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
