import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { isControlPath, pathOf } from '../request-path.js';
import type { Fault } from './fault.js';
import type { Faults } from './faults.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The fault that hit this request. */
    fault: Fault | undefined;
  }
}

/** Lets the faults in force hit requests to the Platform API and Horizon. `closing` cuts latencies short. */
export function installFaults(server: FastifyInstance, faults: Faults, closing: AbortSignal): void {
  server.decorateRequest('fault', undefined);

  server.addHook('onRequest', async (request, reply) => {
    const path = pathOf(request);
    const fault = isControlPath(path) ? undefined : faults.strike(request.method, path);
    if (!fault) return;
    request.fault = fault;
    if (request.journalEntry) request.journalEntry.fault = fault.fault;
    const wait = fault.latencyMs ?? (fault.fault === 'latency' ? 1000 : 0);
    if (wait > 0) await sleep(wait, undefined, { signal: closing }).catch(() => {});
    request.isCutOff = fault.fault === 'drop_before' || fault.fault === 'drop_after';
    if (fault.fault === 'drop_before') return reply.send();
    if (fault.fault === 'error') return sendError(reply, path, fault);
    return undefined;
  });

  server.addHook('onSend', async (request, reply, payload) => {
    if (request.fault?.fault !== 'malformed') return payload;
    const page = htmlPage(request.fault.status ?? 200);
    reply.code(request.fault.status ?? 200).type('text/html; charset=utf-8');
    reply.header('content-length', Buffer.byteLength(page));
    return page;
  });
}

function sendError(reply: FastifyReply, path: string, fault: Fault): FastifyReply {
  const status = fault.status ?? 500;
  const retryAfter = fault.retryAfter ?? (status === 429 || status === 503 ? 1 : undefined);
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
  reply.code(status);
  if (status >= 500) return reply.type('text/html; charset=utf-8').send(htmlPage(status));
  if (path === '/v2/me' && status === 401) return reply.send();
  if (!path.startsWith('/v2')) return reply.type('application/problem+json').send(JSON.stringify(problem(status)));
  const code = fault.code ?? 'unknown_error';
  const text = `Emulated fault: ${code}`;
  return reply.send(
    path.startsWith('/v2/in_app_notifications') ? { error: text } : { error: code, error_message: text },
  );
}

const problem = (status: number): object => ({
  type: `https://stellar.org/horizon-errors/${status === 429 ? 'rate_limit_exceeded' : 'bad_request'}`,
  title: status === 429 ? 'Rate Limit Exceeded' : 'Emulated Fault',
  status,
  detail: 'This error was ordered through the control API of pi-emulator.',
});

const htmlPage = (status: number): string =>
  `<!DOCTYPE html>\n<html><head><title>${status}</title></head><body><center><h1>${status}</h1></center><hr><center>pi-emulator</center></body></html>\n`;
