import type { FastifyInstance, FastifyRequest } from 'fastify';
import { toAdStatusDto } from './ads.js';
import { NotificationError } from './notifications.js';
import { PlatformError } from './platform-error.js';
import type { Platform } from './platform.js';

type ById = { Params: { id: string } };

/** Platform API v2. */
export async function platformRoutes(server: FastifyInstance, platform: Platform): Promise<void> {
  server.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    if (error instanceof NotificationError) return reply.code(error.status).send({ error: error.message });
    if (error instanceof PlatformError) return reply.code(error.status).send(error.toBody());
    const isClients = error.statusCode !== undefined && error.statusCode < 500;
    const refusal = new PlatformError(isClients ? 'invalid_arguments' : 'unknown_error', error.message);
    return reply.code(isClients ? refusal.status : 500).send(refusal.toBody());
  });
  // Bodies of other types are none to Pi; they must not fail a call that has no body, as approve.
  server.addContentTypeParser('*', (_request, payload, done) => {
    payload.resume().on('end', () => done(null));
  });
  server.setNotFoundHandler(() => {
    throw new PlatformError('not_found', 'No such call in the Platform API');
  });

  server.get('/me', async (request, reply) => {
    const token = platform.pioneers.authenticate(credentials(request, 'bearer'));
    if (!token) return reply.code(401).send();
    return platform.pioneers.toUserDto(token, platform.options.undocumentedFields);
  });

  await server.register(async (scope) => developerRoutes(scope, platform));
}

/** The calls that need the server API key. */
async function developerRoutes(server: FastifyInstance, platform: Platform): Promise<void> {
  const { developer, ads, notifications } = platform;
  const isOurs = (request: FastifyRequest): boolean => credentials(request, 'key') === platform.options.apiKey;

  await server.register(async (scope) => {
    scope.addHook('onRequest', async (request) => {
      if (!isOurs(request)) throw new PlatformError('unauthorized', 'The server API key is missing or wrong');
    });
    scope.post('/payments', async (request) => developer.create(request.body));
    scope.get('/payments/incomplete_server_payments', async () => ({
      incomplete_server_payments: developer.incompleteServerPayments(),
    }));
    scope.get<ById>('/payments/:id', async ({ params }) => developer.get(params.id));
    scope.post<ById>('/payments/:id/approve', async ({ params }) => developer.approve(params.id));
    scope.post<ById>('/payments/:id/complete', async ({ params, body }) => developer.complete(params.id, body));
    scope.post<ById>('/payments/:id/cancel', async ({ params }) => developer.cancel(params.id));
    scope.get<ById>('/ads_network/status/:id', async ({ params }) => {
      const ad = ads.find(params.id);
      if (!ad) throw new PlatformError('ad_not_found', 'No ad of this app has this id');
      return toAdStatusDto(ad);
    });
  });

  await server.register(async (scope) => {
    scope.addHook('onRequest', async (request) => {
      if (!isOurs(request)) throw new NotificationError(401, 'The server API key is missing or wrong');
    });
    scope.post('/in_app_notifications/notify', async (request, reply) => {
      const delivered = notifications.notify(request.body);
      return reply.code(201).send({ success: true, delivered_notifications: delivered });
    });
  });
}

/** What follows the scheme in the `Authorization` header; empty when the scheme is another. Schemes are case-insensitive. */
function credentials({ headers }: FastifyRequest, scheme: string): string {
  const [given = '', value = ''] = (headers.authorization ?? '').trim().split(/ +/, 2);
  return given.toLowerCase() === scheme ? value : '';
}
