import type { FastifyInstance } from 'fastify';
import type { PiEmulator } from '../emulator.js';
import type { Fault } from '../faults/fault.js';
import { refuseUnknown } from '../known-fields.js';
import type { AdStatus } from '../platform/ads.js';
import type { PioneerOptions, TokenOptions } from '../platform/pioneer.js';
import type { SignOptions } from '../platform/pioneer-wallet.js';
import type { EmulatorState } from '../state/emulator-state.js';
import { type CreatePaymentRequest, objectOf } from './control-input.js';

/** The control API under `/_emulator`: what tests and the dashboard do to the emulated world. */
export function controlRoutes(server: FastifyInstance, emulator: PiEmulator): void {
  worldRoutes(server, emulator);
  pioneerRoutes(server, emulator);
  weatherRoutes(server, emulator);
}

/** The world as a whole. */
function worldRoutes(server: FastifyInstance, emulator: PiEmulator): void {
  server.get('/health', async () => emulator.health());
  server.get('/app', async () => emulator.app());
  server.post('/reset', async ({ body }) => {
    takesNothing(body);
    await emulator.reset();
    return emulator.health();
  });
  server.get('/state', async () => emulator.state());
  server.put('/state', async ({ body }) => {
    await emulator.restore(body as EmulatorState);
    return emulator.health();
  });
  server.get<{ Querystring: { method?: string; path?: string; after?: string } }>('/journal', async ({ query }) => {
    const { after, ...filter } = query;
    return emulator.journal({ ...filter, ...(after !== undefined && { after: Number(after) }) });
  });
  server.post('/ledgers/close', async ({ body }) => {
    takesNothing(body);
    return emulator.closeLedger();
  });
  server.get<{ Querystring: { account?: string } }>('/transactions', async ({ query }) => {
    refuseUnknown<{ account: string }>('The query', query, { account: true });
    return emulator.transactions(query.account);
  });
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
  server.get<{ Querystring: { uid?: string } }>('/payments', async ({ query }) => {
    refuseUnknown<{ uid: string }>('The query', query, { uid: true });
    return emulator.payments(query.uid);
  });
  server.get<{ Params: { id: string } }>('/payments/:id', async ({ params }) => emulator.payment(params.id));
  server.post<{ Params: { id: string } }>('/payments/:id/sign', async ({ params, body }) =>
    emulator.signPayment(params.id, (body ?? {}) as SignOptions),
  );
  server.post<{ Params: { id: string } }>('/payments/:id/user_cancel', async ({ params, body }) => {
    takesNothing(body);
    return emulator.userCancel(params.id);
  });
  server.post('/ads', async ({ body }) => emulator.createAd(body as { uid: string; status?: AdStatus }));
  server.patch<{ Params: { adId: string } }>('/ads/:adId', async ({ params, body }) =>
    emulator.updateAd(params.adId, body as { status: AdStatus }),
  );
  server.get('/notifications', async () => emulator.notifications());
}

/** What goes wrong. */
function weatherRoutes(server: FastifyInstance, emulator: PiEmulator): void {
  server.get('/faults', async () => emulator.faults.list());
  server.post('/faults', async ({ body }) => emulator.addFault(body as Fault));
  server.delete('/faults', async () => emulator.clearFaults());
}

/** Calls that take nothing must not be given a wish they would not hear. */
function takesNothing(body: unknown): void {
  refuseUnknown('This call', objectOf(body), {});
}
