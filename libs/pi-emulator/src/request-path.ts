import type { FastifyRequest } from 'fastify';

/** Path of a request, without the query and without a slash at its end. */
export function pathOf({ url }: FastifyRequest): string {
  const [path = ''] = url.split('?', 1);
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** The control API and the dashboard: no faults, no journal. */
export const isControlPath = (path: string): boolean => path === '/_emulator' || path.startsWith('/_emulator/');
