import type { FastifyInstance } from 'fastify';
import type { PiEmulator } from '../emulator.js';
import type { PioneerOptions } from '../platform/pioneer.js';

/** The control API under `/_emulator`: what tests and the dashboard do to the emulated world. */
export function controlRoutes(server: FastifyInstance, emulator: PiEmulator): void {
  server.get('/health', async () => emulator.health());
  server.post('/pioneers', async (request) => emulator.createPioneer((request.body ?? {}) as PioneerOptions));
}
