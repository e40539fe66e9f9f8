import type { FastifyInstance } from 'fastify';
import type { PiEmulator } from '../emulator.js';

/** The browser SDK and the dashboard. */
export async function sdkRoutes(_server: FastifyInstance, _emulator: PiEmulator): Promise<void> {
  // Filled by the part that owns the browser side.
}
