import type { FastifyInstance, FastifyRequest } from 'fastify';
import { EmulatorError } from '../emulator-error.js';
import type { CreatePaymentRequest } from '../control/control-input.js';
import { objectOf } from '../control/control-input.js';
import type { PiEmulator } from '../emulator.js';
import { BrowserSessions, type SignIn } from './browser-sessions.js';
import { piSdkScript } from './sdk-script.js';

/** `/pi-sdk.js`. */
export function scriptRoute(server: FastifyInstance): void {
  server.get('/pi-sdk.js', async (request, reply) =>
    reply
      .header('cache-control', 'no-cache')
      .type('text/javascript; charset=utf-8')
      .send(piSdkScript(`${request.protocol}://${request.host}`)),
  );
}

/** What the script asks in a Pioneer's name, under `/_emulator/sdk`: everything after the sign-in needs the Pioneer's token. */
export function browserRoutes(server: FastifyInstance, emulator: PiEmulator): void {
  const sessions = new BrowserSessions(emulator);
  server.get('/pioneers', async () => sessions.pioneers());
  server.post('/sessions', async ({ body }) => sessions.signIn(objectOf(body) as SignIn));
  server.post('/payments', async (request) =>
    sessions.createPayment(sessions.uidOf(tokenOf(request)), objectOf(request.body) as unknown as CreatePaymentRequest),
  );
  server.get<{ Params: { id: string } }>('/payments/:id', async (request) =>
    sessions.ownPayment(sessions.uidOf(tokenOf(request)), request.params.id),
  );
  server.post<{ Params: { id: string } }>('/payments/:id/sign', async (request) => {
    const payment = sessions.ownPayment(sessions.uidOf(tokenOf(request)), request.params.id);
    return emulator.signPayment(payment.identifier, { wait: true });
  });
  server.post<{ Params: { id: string } }>('/payments/:id/user_cancel', async (request) => {
    const payment = sessions.ownPayment(sessions.uidOf(tokenOf(request)), request.params.id);
    return emulator.userCancel(payment.identifier);
  });
  server.post<{ Body: { status?: string } }>('/ads', async (request) => {
    const uid = sessions.uidOf(tokenOf(request));
    const status = request.body?.status;
    if (status !== 'granted' && status !== 'revoked' && status !== 'failed' && status !== 'undecided')
      throw new EmulatorError(
        'bad_request',
        `status is ${JSON.stringify(status)}: give granted, revoked, failed or undecided.`,
      );
    return emulator.createAd({ uid, status: status === 'undecided' ? null : status });
  });
}

const tokenOf = ({ headers }: FastifyRequest): string => headers.authorization?.replace(/^Bearer +/i, '') ?? '';
