import type { FastifyRequest } from 'fastify';

/** Path of a request, without the query. */
export function pathOf(request: FastifyRequest): string {
  const end = request.url.indexOf('?');
  return end === -1 ? request.url : request.url.slice(0, end);
}

/** The control API and the dashboard: no faults, no journal. */
export const isControlPath = (path: string): boolean => path === '/_emulator' || path.startsWith('/_emulator/');
