import type { FastifyPluginCallback } from 'fastify';
import type { HideRule, ReadRule, SubmitRule } from '../chain/adversary/adversary.js';
import type { BumpSequence, Dust, LookAlike, UseSequence } from '../chain/adversary/foreign.js';
import type { ReplicaRule } from '../chain/adversary/replicas.js';
import { toJson } from '../chain/chain-state.js';
import type { ResetOptions } from '../chain/chain.js';
import type { HorizonRoutesOptions } from './horizon.routes.js';

const PREFIX = '/_emulator/chain';

/** A body's numbers of stroops and sequence numbers arrive as decimal strings (or whole numbers). */
type Wire<T> = { [K in keyof T]: T[K] extends bigint | undefined ? string | number | undefined : T[K] };

/**
 * The chain and its adversaries over HTTP, for tests in other processes and languages. Every call is the method of
 * the same name of `Chain` or `Adversary`; bodies and answers are JSON with camelCase names and stroops as strings.
 */
export const chainControlRoutes: FastifyPluginCallback<HorizonRoutesOptions> = (fastify, { chain }, done) => {
  const { adversary } = chain;
  const post = <B>(name: string, work: (body: B) => unknown): void => {
    fastify.post(`${PREFIX}/${name}`, async (request) => toJson(work((request.body ?? {}) as B) ?? { ok: true }));
  };
  fastify.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    // What the methods refuse is the caller's mistake, and their messages say which.
    void reply.code(error.statusCode ?? 400).send({ error: 'invalid_arguments', error_message: error.message });
  });

  fastify.get(`${PREFIX}/latest`, async () => chain.latest);
  fastify.get<{ Params: { address: string } }>(`${PREFIX}/accounts/:address`, async (request, reply) => {
    const account = chain.account(request.params.address);
    if (account) return toJson(account);
    return reply.code(404).send({ error: 'account_not_found', error_message: 'No such account on this chain' });
  });
  fastify.get<{ Querystring: { account?: string } }>(`${PREFIX}/transactions`, async (request) => {
    const { account } = request.query;
    return toJson(account === undefined ? chain.transactions() : chain.transactionsOf(account));
  });

  post<{ ledgers?: number }>('close', ({ ledgers = 1 }) => {
    for (let count = 1; count < ledgers; count += 1) chain.close();
    return chain.close();
  });
  post<{ seconds: number }>('advance', ({ seconds }) => chain.advance(seconds));
  post<{ address: string; stroops: string }>('fund', ({ address, stroops }) => {
    chain.fund(address, whole(stroops, 'stroops'));
    return chain.account(address);
  });

  post<ReplicaRule>('replicas', (rule) => adversary.replicas(rule));
  post<{ ledgers: number }>('ingestion-lag', ({ ledgers }) => {
    adversary.ingestionLag = ledgers;
  });
  post<HideRule>('hide', (rule) => adversary.hide(rule));
  post<SubmitRule>('submits', (rule) => adversary.onSubmit(rule));
  post<ReadRule>('reads', (rule) => adversary.onRead(rule));
  post<UseSequence>('use-sequence', (options) => adversary.useSequence(options));
  post<Wire<BumpSequence>>('bump-sequence', ({ to, ...options }) =>
    adversary.bumpSequence({ ...(options as BumpSequence), ...(to !== undefined && { to: whole(to, 'to') }) }),
  );
  post<Wire<Dust>>('dust', ({ stroops, ...options }) =>
    adversary.dust({ ...(options as Dust), ...(stroops !== undefined && { stroops: whole(stroops, 'stroops') }) }),
  );
  post<Wire<LookAlike>>('look-alike', ({ stroops, sequence, ...options }) =>
    adversary.lookAlike({
      ...(options as LookAlike),
      ...(stroops !== undefined && { stroops: whole(stroops, 'stroops') }),
      ...(sequence !== undefined && { sequence: whole(sequence, 'sequence') }),
    }),
  );
  post<{ hash: string } | { envelopeXdr: string }>('fee-bump', (envelope) => adversary.wrapInFeeBump(envelope));
  post<ResetOptions>('reset', (options) => {
    adversary.reset(options);
    return chain.latest;
  });
  post<{ stroops?: string | null }>('surge', ({ stroops }) => {
    adversary.surge(stroops == null ? undefined : whole(stroops, 'stroops'));
  });
  post<{ before: number }>('trim-history', ({ before }) => adversary.trimHistory(before));
  post('calm', () => adversary.calm());
  done();
};

function whole(value: string | number | undefined, name: string): bigint {
  if (typeof value === 'string' ? /^\d+$/.test(value) : Number.isSafeInteger(value)) return BigInt(value ?? 0);
  throw new TypeError(`pi-emulator: ${name} has to be a whole number as a string, not ${JSON.stringify(value)}`);
}
