import type { FastifyInstance } from 'fastify';
import type { PiEmulator } from '../../emulator.js';
import { dashboardPage } from './dashboard.page.js';
import { overview } from './overview.js';

/** The dashboard at `/_emulator`. What its buttons do is the control API's. */
export function dashboardRoutes(server: FastifyInstance, emulator: PiEmulator): void {
  const page = dashboardPage();
  server.get('/', async (_request, reply) => reply.type('text/html; charset=utf-8').send(page));
  server.get('/overview', async () => overview(emulator));
}
