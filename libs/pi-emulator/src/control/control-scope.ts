import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { EmulatorError } from '../emulator-error.js';
import { readJson } from '../json-body.js';
import { pathOf } from '../request-path.js';

/**
 * What everything under `/_emulator` shares. A body is JSON whatever its type says (`curl -d` says it is a form), and what
 * goes wrong is answered as `{ error, message }`.
 */
export function installControl(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'string' }, readJson);
  scope.setErrorHandler(answerError);
  answerUnknownCalls(scope);
}

function answerError(error: Error & { statusCode?: number }, _request: FastifyRequest, reply: FastifyReply) {
  if (error instanceof EmulatorError) return reply.code(error.status).send(error.toBody());
  const status = error.statusCode ?? 500;
  return reply.code(status).send({ error: status < 500 ? 'bad_request' : 'internal_error', message: error.message });
}

/** 404, or 405 with the methods the path has. */
function answerUnknownCalls(scope: FastifyInstance): void {
  const routes: { method: string | string[]; path: RegExp }[] = [];
  scope.addHook('onRoute', ({ method, url }) => {
    routes.push({ method, path: new RegExp(`^${url.replace(/\/$/, '').replaceAll(/:[^/]+/g, '[^/]+')}$`) });
  });
  scope.setNotFoundHandler(async (request, reply) => {
    const asked = pathOf(request);
    const methods = new Set(routes.filter(({ path }) => path.test(asked)).flatMap(({ method }) => method));
    if (methods.size === 0)
      throw new EmulatorError('not_found', `pi-emulator has no ${asked}: see docs/emulator.md for its calls.`, 404);
    const allowed = [...methods].join(', ');
    reply.header('allow', allowed);
    throw new EmulatorError('method_not_allowed', `${asked} takes ${allowed}, not ${request.method}.`, 405);
  });
}
