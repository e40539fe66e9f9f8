import type { FastifyInstance } from 'fastify';
import type { PiEmulator } from '../emulator.js';
import { browserRoutes } from './browser.routes.js';
import { dashboardRoutes } from './dashboard/dashboard.routes.js';

/** The browser side: `/pi-sdk.js` with what it asks for, and the dashboard at `/_emulator`. */
export async function sdkRoutes(server: FastifyInstance, emulator: PiEmulator): Promise<void> {
  await server.register(async (scope) => browserRoutes(scope, emulator));
  await server.register(async (scope) => dashboardRoutes(scope, emulator));
}
