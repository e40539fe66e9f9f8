import type { FastifyInstance } from 'fastify';
import type { PiEmulator } from '../../emulator.js';
import { answerError } from '../answer-error.js';
import { dashboardPage } from './dashboard.page.js';
import { overview } from './overview.js';

/** The dashboard at `/_emulator`. What its buttons do is the control API's. */
export function dashboardRoutes(server: FastifyInstance, emulator: PiEmulator): void {
  server.setErrorHandler(answerError);
  const page = dashboardPage();
  for (const path of ['/_emulator', '/_emulator/'])
    server.get(path, async (_request, reply) => reply.type('text/html; charset=utf-8').send(page));
  server.get('/_emulator/overview', async () => overview(emulator));
}
