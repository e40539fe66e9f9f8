import type { FastifyInstance } from 'fastify';
import { EmulatorError } from '../emulator-error.js';
import type { PiEmulator } from '../emulator.js';
import type { Fault } from '../faults/fault.js';
import type { AdStatus } from '../platform/ads.js';
import type { PioneerOptions, TokenOptions } from '../platform/pioneer.js';
import type { SignOptions } from '../platform/pioneer-wallet.js';
import { isObject } from '../platform/payment-request.js';
import type { EmulatorState } from '../state/emulator-state.js';
import type { CreatePaymentRequest } from './control-input.js';

/** The control API under `/_emulator`: what tests and the dashboard do to the emulated world. */
export async function controlRoutes(server: FastifyInstance, emulator: PiEmulator): Promise<void> {
  server.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error instanceof EmulatorError ? error.status : (error.statusCode ?? 500);
    const code = error instanceof EmulatorError ? error.code : status < 500 ? 'bad_request' : 'internal_error';
    return reply.code(status).send({ error: code, message: error.message });
  });
  worldRoutes(server, emulator);
  pioneerRoutes(server, emulator);
  weatherRoutes(server, emulator);
}

/** The world as a whole. */
function worldRoutes(server: FastifyInstance, emulator: PiEmulator): void {
  server.get('/health', async () => emulator.health());
  server.get('/app', async () => emulator.app());
  server.post('/reset', async () => {
    await emulator.reset();
    return emulator.health();
  });
  server.get('/state', async () => emulator.state());
  server.put('/state', async ({ body }) => {
    await emulator.restore(body as EmulatorState);
    return emulator.health();
  });
  server.get<{ Querystring: { method?: string; path?: string; after?: string } }>('/journal', async ({ query }) => {
    const { method, path, after } = query;
    return emulator.journal({
      ...(method !== undefined && { method }),
      ...(path !== undefined && { path }),
      ...(after !== undefined && { after: Number(after) }),
    });
  });
  server.post('/ledgers/close', async () => emulator.closeLedger());
  server.get<{ Querystring: { account?: string } }>('/transactions', async ({ query }) =>
    emulator.transactions(query.account),
  );
}

/** What Pioneers do. */
function pioneerRoutes(server: FastifyInstance, emulator: PiEmulator): void {
  server.get('/pioneers', async () => emulator.pioneers());
  server.post('/pioneers', async ({ body }) => emulator.createPioneer((body ?? {}) as PioneerOptions));
  server.delete<{ Params: { uid: string } }>('/pioneers/:uid', async ({ params }) => emulator.revokeApp(params.uid));
  server.post<{ Params: { uid: string } }>('/pioneers/:uid/tokens', async ({ params, body }) =>
    emulator.issueToken(params.uid, (body ?? {}) as TokenOptions),
  );
  server.delete<{ Params: { uid: string } }>('/pioneers/:uid/tokens', async ({ params }) =>
    emulator.endTokens(params.uid),
  );
  server.post<{ Params: { uid: string } }>('/pioneers/:uid/payments', async ({ params, body }) =>
    emulator.createPayment(params.uid, body as CreatePaymentRequest),
  );
  server.get<{ Querystring: { uid?: string } }>('/payments', async ({ query }) => emulator.payments(query.uid));
  server.get<{ Params: { id: string } }>('/payments/:id', async ({ params }) => emulator.payment(params.id));
  server.post<{ Params: { id: string } }>('/payments/:id/sign', async ({ params, body }) =>
    emulator.signPayment(params.id, (body ?? {}) as SignOptions),
  );
  server.post<{ Params: { id: string } }>('/payments/:id/user_cancel', async ({ params }) =>
    emulator.userCancel(params.id),
  );
  server.post('/ads', async ({ body }) => emulator.createAd(objectOf(body) as { uid: string; status?: AdStatus }));
  server.patch<{ Params: { adId: string } }>('/ads/:adId', async ({ params, body }) =>
    emulator.updateAd(params.adId, objectOf(body) as { status: AdStatus }),
  );
  server.get('/notifications', async () => emulator.notifications());
}

/** What goes wrong. */
function weatherRoutes(server: FastifyInstance, emulator: PiEmulator): void {
  server.get('/faults', async () => emulator.faults.list());
  server.post('/faults', async ({ body }) => emulator.addFault(body as Fault));
  server.delete('/faults', async () => emulator.clearFaults());
}

function objectOf(body: unknown): Record<string, unknown> {
  if (isObject(body)) return body;
  throw new EmulatorError('bad_request', 'The body has to be a JSON object.');
}
