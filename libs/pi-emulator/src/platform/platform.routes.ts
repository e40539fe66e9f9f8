import type { FastifyInstance } from 'fastify';
import type { Platform } from './platform.js';

/** Platform API v2. */
export function platformRoutes(server: FastifyInstance, platform: Platform): void {
  server.get('/me', async (request, reply) => {
    const token = platform.pioneers.authenticate(credentials(request.headers.authorization, 'bearer'));
    if (!token) return reply.code(401).send();
    return platform.pioneers.toUserDto(token, platform.options.undocumentedFields);
  });
}

/** What follows the scheme in an `Authorization` header; empty when the scheme is another. Schemes are case-insensitive. */
function credentials(header: string | undefined, scheme: string): string {
  const [given = '', value = ''] = (header ?? '').trim().split(/ +/, 2);
  return given.toLowerCase() === scheme ? value : '';
}
