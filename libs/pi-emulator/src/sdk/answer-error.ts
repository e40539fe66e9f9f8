import type { FastifyReply, FastifyRequest } from 'fastify';
import { EmulatorError } from '../emulator-error.js';
import { OpenPaymentError } from './browser-sessions.js';

/** Errors in the words of the control API; an open payment is handed over with its error. */
export function answerError(error: Error & { statusCode?: number }, _request: FastifyRequest, reply: FastifyReply) {
  if (!(error instanceof EmulatorError)) {
    const status = error.statusCode ?? 500;
    return reply.code(status).send({ error: status < 500 ? 'bad_request' : 'internal_error', message: error.message });
  }
  const payment = error instanceof OpenPaymentError ? error.payment : undefined;
  return reply.code(error.status).send({ error: error.code, message: error.message, payment });
}
