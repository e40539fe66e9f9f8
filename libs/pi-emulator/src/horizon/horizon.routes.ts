import type { FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import { setTimeout as delay } from 'node:timers/promises';
import type { Chain } from '../chain/chain.js';
import { httpDate } from './iso-time.js';
import { HorizonProblem, notFound, rateLimited, unsupportedMediaType } from './problem.js';
import { readRoutes } from './read.routes.js';
import { DroppedAnswer, ProxyError, submitTransaction } from './submit.js';
import { hal, originOf } from './page.js';
import { transactionRecord } from './transaction-record.js';
import { endOfMany } from '../end-of-many.js';

export interface HorizonRoutesOptions {
  chain: Chain;
}

/** Horizon paths the emulator does not play: a plain 404 from Horizon, rather than from somewhere else. */
const NOT_PLAYED = [
  '/accounts',
  '/assets',
  '/claimable_balances*',
  '/effects',
  '/liquidity_pools*',
  '/offers*',
  '/order_book',
  '/paths*',
  '/trades',
  '/trade_aggregations',
];

/**
 * Horizon over a {@link Chain}, at the root paths: what the Stellar and Pi clients read and post, nothing else.
 * Register it as `fastify.register(horizonRoutes, { chain })`; closing the server ends waiting submits. The
 * server has to have `installCutOff`.
 */
export const horizonRoutes: FastifyPluginCallback<HorizonRoutesOptions> = (fastify, { chain }, done) => {
  const closing = endOfMany();
  fastify.addHook('preClose', (next: () => void) => {
    closing.abort();
    next();
  });
  fastify.addHook('onRequest', (request) => meetAdversary(chain, request));
  fastify.addHook('onSend', async (_request, reply) => {
    reply.header('date', httpDate(chain.now()));
  });
  fastify.setErrorHandler((error: Error, request, reply) => {
    answerError(error, request, reply);
  });
  acceptForms(fastify);

  readRoutes(fastify, chain);
  fastify.post('/transactions', async (request, reply) => {
    const form = request.body;
    if (!(form instanceof URLSearchParams)) throw unsupportedMediaType();
    const { applied, hash } = await submitTransaction(chain, form.get('tx') ?? '', closing.signal);
    hal(reply);
    return transactionRecord(applied, originOf(request), hash);
  });
  for (const url of NOT_PLAYED) {
    fastify.get(url, () => {
      throw notFound('pi-emulator does not play this part of Horizon.');
    });
  }
  done();
};

async function meetAdversary(chain: Chain, request: FastifyRequest): Promise<void> {
  if (request.method !== 'GET') return;
  const [path = ''] = request.url.split('?');
  const rule = chain.adversary.readRuleFor(path);
  if (!rule) return;
  if (rule.delayMs) await delay(rule.delayMs);
  switch (rule.answer) {
    case 'not_found':
      throw notFound();
    case 'rate_limited':
      throw rateLimited();
    case 'error':
      throw new ProxyError(rule.status ?? 502);
    case 'lost':
      throw new DroppedAnswer();
  }
}

function answerError(error: Error, request: FastifyRequest, reply: FastifyReply): void {
  if (error instanceof DroppedAnswer) {
    request.isCutOff = true;
    void reply.send();
    return;
  }
  if (error instanceof ProxyError) {
    void reply
      .code(error.status)
      .type('text/html')
      .send(`<html><head><title>${error.status}</title></head><body><h1>${error.status}</h1></body></html>`);
    return;
  }
  const problem = error instanceof HorizonProblem ? error : clientProblem(error);
  if (problem.status === 429) reply.header('retry-after', '1');
  void reply.code(problem.status).type('application/problem+json; charset=utf-8').send(JSON.stringify(problem));
}

/** What fastify itself refused (a body too large, a wrong content type), or a fault of ours. */
function clientProblem(error: Error & { statusCode?: number }): HorizonProblem {
  const status = error.statusCode ?? 500;
  if (status === 415) return unsupportedMediaType();
  if (status < 500) return new HorizonProblem(status, 'bad_request', 'Bad Request', error.message);
  return new HorizonProblem(status, 'server_error', 'Internal Server Error', error.message);
}

/** The body of a submit is a form. Parsed here unless the server around us already does. */
function acceptForms(fastify: FastifyInstance): void {
  const type = 'application/x-www-form-urlencoded';
  if (fastify.hasContentTypeParser(type)) fastify.removeContentTypeParser(type);
  fastify.addContentTypeParser(type, { parseAs: 'string' }, (_request, body, next) => {
    next(null, new URLSearchParams(String(body)));
  });
}
