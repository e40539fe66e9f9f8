import type { FastifyInstance } from 'fastify';
import type { PiEmulator } from '../emulator.js';
import { browserRoutes, scriptRoute } from './browser.routes.js';
import { dashboardRoutes } from './dashboard/dashboard.routes.js';

export { scriptRoute };

/** The browser side under `/_emulator`: what `/pi-sdk.js` asks for, and the dashboard. */
export async function sdkControlRoutes(server: FastifyInstance, emulator: PiEmulator): Promise<void> {
  await server.register(async (scope) => browserRoutes(scope, emulator), { prefix: '/sdk' });
  dashboardRoutes(server, emulator);
}
