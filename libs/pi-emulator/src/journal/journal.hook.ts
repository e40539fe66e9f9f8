import type { FastifyInstance } from 'fastify';
import { isControlPath, pathOf } from '../request-path.js';
import type { Journal, JournalEntry } from './journal.js';
import { redactAuthorization, redactBody } from './redact.js';

declare module 'fastify' {
  interface FastifyRequest {
    journalEntry: JournalEntry | undefined;
  }
}

/** Writes every request outside the control API down when it arrives, and its status when it is answered. */
export function installJournal(server: FastifyInstance, journal: Journal): void {
  server.decorateRequest('journalEntry', undefined);

  server.addHook('onRequest', async (request) => {
    const path = pathOf(request);
    if (isControlPath(path)) return;
    const { authorization } = request.headers;
    request.journalEntry = journal.add({
      time: new Date().toISOString(),
      method: request.method,
      path,
      url: request.url,
      ...(authorization !== undefined && { authorization: redactAuthorization(authorization) }),
    });
  });

  server.addHook('preHandler', async (request) => {
    if (request.journalEntry && request.body !== undefined) request.journalEntry.body = redactBody(request.body);
  });

  server.addHook('onResponse', async (request, reply) => {
    const entry = request.journalEntry;
    if (!entry) return;
    entry.status = reply.raw.writableFinished && !request.isCutOff ? reply.statusCode : null;
    entry.durationMs = Math.round(reply.elapsedTime * 10) / 10;
  });
}
