import type { FastifyInstance, FastifyRequest } from 'fastify';
import { EmulatorError } from '../emulator-error.js';
import type { CreatePaymentRequest } from '../control/control-input.js';
import type { PiEmulator } from '../emulator.js';
import { answerError } from './answer-error.js';
import { BrowserSessions, type SignIn } from './browser-sessions.js';
import { piSdkScript } from './sdk-script.js';

/** `/pi-sdk.js`, and under `/_emulator/sdk` what it asks in a Pioneer's name: everything after the sign-in needs the Pioneer's token. */
export function browserRoutes(server: FastifyInstance, emulator: PiEmulator): void {
  const sessions = new BrowserSessions(emulator);
  server.setErrorHandler(answerError);

  server.get('/pi-sdk.js', async (request, reply) =>
    reply
      .header('cache-control', 'no-cache')
      .type('text/javascript; charset=utf-8')
      .send(piSdkScript(`${request.protocol}://${request.host}`)),
  );

  server.get('/_emulator/sdk/pioneers', async () => sessions.pioneers());
  server.post('/_emulator/sdk/sessions', async ({ body }) => sessions.signIn((body ?? {}) as SignIn));
  server.post('/_emulator/sdk/payments', async (request) =>
    sessions.createPayment(sessions.uidOf(tokenOf(request)), request.body as CreatePaymentRequest),
  );
  server.get<{ Params: { id: string } }>('/_emulator/sdk/payments/:id', async (request) =>
    sessions.ownPayment(sessions.uidOf(tokenOf(request)), request.params.id),
  );
  server.post<{ Params: { id: string } }>('/_emulator/sdk/payments/:id/sign', async (request) => {
    const payment = sessions.ownPayment(sessions.uidOf(tokenOf(request)), request.params.id);
    return emulator.signPayment(payment.identifier, { wait: true });
  });
  server.post<{ Params: { id: string } }>('/_emulator/sdk/payments/:id/user_cancel', async (request) => {
    const payment = sessions.ownPayment(sessions.uidOf(tokenOf(request)), request.params.id);
    return emulator.userCancel(payment.identifier);
  });
  server.post<{ Body: { status?: string } }>('/_emulator/sdk/ads', async (request) => {
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
