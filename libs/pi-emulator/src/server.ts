import cors from '@fastify/cors';
import Fastify, { type FastifyInstance } from 'fastify';
import { chainControlRoutes } from './control/chain.routes.js';
import { controlRoutes } from './control/control.routes.js';
import { installControl } from './control/control-scope.js';
import { installCutOff } from './cut-off.js';
import type { PiEmulator } from './emulator.js';
import { installFaults } from './faults/fault.hook.js';
import { installJournal } from './journal/journal.hook.js';
import { horizonRoutes } from './horizon/index.js';
import { readJson } from './json-body.js';
import type { Journal } from './journal/journal.js';
import { platformRoutes } from './platform/platform.routes.js';
import { scriptRoute, sdkControlRoutes } from './sdk/index.js';
import type { World } from './world.js';

/** Puts everything the emulator answers on one port: Platform API, Horizon, browser SDK, dashboard, control API. */
export async function buildServer({ emulator, world, journal }: Parts): Promise<FastifyInstance> {
  const server = Fastify({
    logger: false,
    forceCloseConnections: true,
    bodyLimit: 256 * 1024 * 1024,
    routerOptions: { ignoreTrailingSlash: true },
    rewriteUrl: ({ url = '/' }) => withoutOrigin(url),
  });
  // `approve` and `cancel` have no body, yet many clients announce JSON for it: Pi takes that.
  server.removeContentTypeParser('application/json');
  server.addContentTypeParser('application/json', { parseAs: 'string' }, readJson);
  installPersistence(server, world);
  installCutOff(server);
  installJournal(server, journal);
  await server.register(cors, {
    origin: true,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: ['Latest-Ledger', 'Retry-After'],
  });
  server.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .type('application/problem+json; charset=utf-8')
      .send(JSON.stringify(nothingAt(`${request.method} ${request.url}`))),
  );
  installFaults(server, emulator.faults, world.closing);
  await server.register(async (scope) => control(scope, emulator), { prefix: '/_emulator' });
  await server.register(async (scope) => platformRoutes(scope, world.platform), { prefix: '/v2' });
  await server.register(horizonRoutes, { chain: world.chain });
  scriptRoute(server);
  return server;
}

/** Everything under `/_emulator`. */
async function control(scope: FastifyInstance, emulator: PiEmulator): Promise<void> {
  installControl(scope);
  controlRoutes(scope, emulator);
  await scope.register(async (chain) => chainControlRoutes(chain, emulator.chain), { prefix: '/chain' });
  await sdkControlRoutes(scope, emulator);
}

/** Horizon's form of a 404: its paths are the root paths. */
const nothingAt = (what: string): object => ({
  type: 'https://stellar.org/horizon-errors/not_found',
  title: 'Resource Missing',
  status: 404,
  detail: `pi-emulator has no ${what}: the Platform API is under /v2, Horizon at the root, the control API under /_emulator.`,
});

interface Parts {
  readonly emulator: PiEmulator;
  readonly world: World;
  readonly journal: Journal;
}

/**
 * Clients that have Pi's addresses written into them can be led here by `HTTPS_PROXY`: axios then asks for
 * `https://api.testnet.minepi.com/accounts/…` in plain HTTP. Which host was meant makes no difference.
 */
const withoutOrigin = (url: string): string => url.replace(/^https?:\/\/[^/?]+/i, '') || '/';

/** No answer leaves before what it tells is in the state file. */
function installPersistence(server: FastifyInstance, world: World): void {
  server.addHook('onSend', async ({ method }) => {
    if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') await world.saved();
    else await world.save();
  });
}
