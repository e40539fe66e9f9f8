import type { FastifyInstance } from 'fastify';
import type { HideRule, ReadRule, SubmitRule } from '../chain/adversary/adversary.js';
import { checkWhole } from '../chain/adversary/checks.js';
import type { BumpSequence, Dust, LookAlike, UseSequence } from '../chain/adversary/foreign.js';
import type { ReplicaRule } from '../chain/adversary/replicas.js';
import { toJson } from '../chain/chain-state.js';
import type { Chain, ResetOptions } from '../chain/chain.js';
import { EmulatorError } from '../emulator-error.js';
import { refuseUnknown } from '../known-fields.js';
import { objectOf } from './control-input.js';

/** A body's numbers of stroops and sequence numbers arrive as decimal strings (or whole numbers). */
type Wire<T> = { [K in keyof T]: T[K] extends bigint | undefined ? string | number | undefined : T[K] };

/**
 * The chain and its adversaries under `/_emulator/chain`, for tests in other processes and languages. Every call is the
 * method of the same name of `Chain` or `Adversary`; names are camelCase, stroops and sequence numbers are strings.
 */
export function chainControlRoutes(server: FastifyInstance, chain: Chain): void {
  truthRoutes(server, chain);
  timeRoutes(server, chain);
  adversaryRoutes(server, chain);
}

/** What really is on the chain. */
function truthRoutes(server: FastifyInstance, chain: Chain): void {
  server.get('/latest', async () => chain.latest);
  server.get<{ Params: { address: string } }>('/accounts/:address', async ({ params: { address } }) => {
    const account = chain.account(address);
    if (account) return toJson(account);
    throw new EmulatorError('unknown_account', `The chain has no account ${address}.`, 404);
  });
  server.get<{ Querystring: { account?: string } }>('/transactions', async ({ query }) => {
    refuseUnknown<{ account?: string }>('The query', query, { account: true });
    return toJson(query.account === undefined ? chain.transactions() : chain.transactionsOf(query.account));
  });
}

function timeRoutes(server: FastifyInstance, chain: Chain): void {
  post<{ ledgers?: number }>(server, 'close', ({ ledgers = 1, ...rest }) => {
    refuseUnknown('close', rest, { ledgers: true });
    checkWhole('ledgers', ledgers, 1);
    for (let count = 1; count < ledgers; count += 1) chain.close();
    return chain.close();
  });
  post<{ seconds: number }>(server, 'advance', ({ seconds, ...rest }) => {
    refuseUnknown('advance', rest, { seconds: true });
    chain.advance(seconds);
  });
  post<{ address: string; stroops: string }>(server, 'fund', ({ address, stroops, ...rest }) => {
    refuseUnknown('fund', rest, { address: true, stroops: true });
    chain.fund(address, whole('stroops', stroops));
    return chain.account(address);
  });
}

function adversaryRoutes(server: FastifyInstance, chain: Chain): void {
  const { adversary } = chain;
  post<ReplicaRule>(server, 'replicas', (rule) => adversary.replicas(rule));
  post<{ ledgers: number }>(server, 'ingestion-lag', ({ ledgers, ...rest }) => {
    refuseUnknown('ingestion-lag', rest, { ledgers: true });
    adversary.ingestionLag = ledgers;
  });
  post<HideRule>(server, 'hide', (rule) => adversary.hide(rule));
  post<SubmitRule>(server, 'submits', (rule) => adversary.onSubmit(rule));
  post<ReadRule>(server, 'reads', (rule) => adversary.onRead(rule));
  post<UseSequence>(server, 'use-sequence', (options) => adversary.useSequence(options));
  post<Wire<BumpSequence>>(server, 'bump-sequence', ({ to, ...options }) =>
    adversary.bumpSequence({ ...(options as BumpSequence), ...(to !== undefined && { to: whole('to', to) }) }),
  );
  post<Wire<Dust>>(server, 'dust', ({ stroops, ...options }) =>
    adversary.dust({ ...(options as Dust), ...(stroops !== undefined && { stroops: whole('stroops', stroops) }) }),
  );
  post<Wire<LookAlike>>(server, 'look-alike', ({ stroops, sequence, ...options }) =>
    adversary.lookAlike({
      ...(options as LookAlike),
      ...(stroops !== undefined && { stroops: whole('stroops', stroops) }),
      ...(sequence !== undefined && { sequence: whole('sequence', sequence) }),
    }),
  );
  post<{ hash: string } | { envelopeXdr: string }>(server, 'fee-bump', (envelope) => adversary.wrapInFeeBump(envelope));
  post<{ stroops?: string | null }>(server, 'surge', ({ stroops, ...rest }) => {
    refuseUnknown('surge', rest, { stroops: true });
    adversary.surge(stroops == null ? undefined : whole('stroops', stroops));
  });
  post<ResetOptions>(server, 'reset', (options) => {
    adversary.reset(options);
    return chain.latest;
  });
  post<{ before: number }>(server, 'trim-history', ({ before, ...rest }) => {
    refuseUnknown('trim-history', rest, { before: true });
    adversary.trimHistory(before);
  });
  post(server, 'calm', (body) => {
    refuseUnknown('calm', body, {});
    adversary.calm();
  });
}

/** A call that is answered with what `work` gives, or `{ ok: true }`. What `work` refuses is the caller's mistake. */
function post<B extends object>(server: FastifyInstance, name: string, work: (body: B) => unknown): void {
  server.post(`/${name}`, async ({ body }) => {
    const given = objectOf(body) as B;
    try {
      return toJson(work(given) ?? { ok: true });
    } catch (error) {
      if (error instanceof EmulatorError) throw error;
      throw new EmulatorError('invalid_arguments', (error as Error).message);
    }
  });
}

function whole(field: string, value: string | number | undefined): bigint {
  if (typeof value === 'string' ? /^\d+$/.test(value) : Number.isSafeInteger(value)) return BigInt(value ?? 0);
  throw new EmulatorError(
    'invalid_arguments',
    `${field} has to be a whole number as a string, not ${JSON.stringify(value)}.`,
  );
}
