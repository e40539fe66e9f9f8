import { setTimeout as delay } from 'node:timers/promises';
import type { SubmitRule } from '../chain/adversary/adversary.js';
import type { Chain } from '../chain/chain.js';
import type { AppliedTransaction, CoreAnswer, TransactionResult } from '../chain/chain.types.js';
import type { Envelope } from '../chain/envelope.js';
import { plainResult } from '../chain/result-xdr.js';
import { malformedTransaction, rateLimited, submissionTimeout, transactionFailed } from './problem.js';

/** The connection is to break off without an answer. */
export class DroppedAnswer extends Error {}

/** An answer of a proxy in front of Horizon: not JSON. */
export class ProxyError extends Error {
  constructor(readonly status: number) {
    super(`HTTP ${status}`);
  }
}

/**
 * `POST /transactions`, synchronous as Horizon's: what its database already knows is answered from there (a submit is
 * idempotent by hash), all else goes to core, and then it waits for the ledger to come into the database. Core's "try
 * again later" counts as accepted, so that a 504 may mean refused, pending or applied.
 * @returns the applied and successful transaction, and the hash it was posted under
 * @throws HorizonProblem for every other outcome
 */
export async function submitTransaction(
  chain: Chain,
  envelopeXdr: string,
  signal: AbortSignal,
): Promise<{ applied: AppliedTransaction; hash: string }> {
  const envelope = chain.read(envelopeXdr);
  if (!envelope) throw malformedTransaction(envelopeXdr);
  return { applied: await submitEnvelope(chain, envelope, signal), hash: envelope.hash };
}

async function submitEnvelope(chain: Chain, envelope: Envelope, signal: AbortSignal): Promise<AppliedTransaction> {
  const rule = chain.adversary.submitRuleFor(envelope);
  if (rule.answer === 'refused') throw new DroppedAnswer();

  const known = chain.adversary.ingested().transaction(envelope.hash);
  const answer = known ? undefined : post(chain, envelope, rule);
  if (rule.afterApplied && !known) await untilIngested(chain, envelope.hash, signal);
  if (rule.delayMs) await delay(rule.delayMs);
  disturb(rule, envelope);

  if (known) return successOf(known, envelope);
  if (answer?.status === 'ERROR') return refused(chain, envelope, answer.result, signal);
  const applied = await untilIngested(chain, envelope.hash, signal);
  if (!applied) throw submissionTimeout({ hash: envelope.hash, envelope_xdr: envelope.xdr });
  return successOf(applied, envelope);
}

/** @returns core's answer; undefined when core has not been asked (yet) */
function post(chain: Chain, envelope: Envelope, { apply = 'now' }: SubmitRule): CoreAnswer | undefined {
  if (apply === 'never') return undefined;
  if (typeof apply === 'number') {
    chain.mempool.hold(envelope, chain.ledgers.latestSequence + 1 + apply);
    return undefined;
  }
  if (apply === 'wrapped') {
    chain.adversary.wrap(envelope);
    return undefined;
  }
  // Horizon looks the account up in its own database first.
  if (!chain.adversary.ingested().account(envelope.source)) {
    const result = plainResult({ code: 'tx_no_source_account' }, envelope.operations, 0n);
    return { status: 'ERROR', hash: envelope.hash, result };
  }
  return chain.submit(envelope);
}

function disturb({ answer = 'normal', status = 502 }: SubmitRule, envelope: Envelope): void {
  switch (answer) {
    case 'normal':
      return;
    case 'timeout':
      throw submissionTimeout();
    case 'timeout_with_hash':
      throw submissionTimeout({ hash: envelope.hash, envelope_xdr: envelope.xdr });
    case 'rate_limited':
      throw rateLimited();
    case 'error':
      throw new ProxyError(status);
    case 'lost':
    case 'refused':
      throw new DroppedAnswer();
  }
}

/** After `tx_bad_seq` Horizon lets its database catch up and looks once more: it may be this very transaction. */
async function refused(
  chain: Chain,
  envelope: Envelope,
  result: TransactionResult,
  signal: AbortSignal,
): Promise<AppliedTransaction> {
  const isUsed = (chain.account(envelope.source)?.sequence ?? 0n) >= envelope.sequence;
  if (result.code === 'tx_bad_seq' && isUsed) {
    await chain.waitUntil(
      () => {
        const view = chain.adversary.ingested();
        return (view.account(envelope.source)?.sequence ?? 0n) >= envelope.sequence ? true : undefined;
      },
      { signal },
    );
    const applied = chain.adversary.ingested().transaction(envelope.hash);
    if (applied) return successOf(applied, envelope);
  }
  throw transactionFailed(envelope.xdr, result);
}

function untilIngested(chain: Chain, hash: string, signal: AbortSignal): Promise<AppliedTransaction | undefined> {
  return chain.waitUntil(() => chain.adversary.ingested().transaction(hash), { signal });
}

function successOf(applied: AppliedTransaction, envelope: Envelope): AppliedTransaction {
  if (applied.successful) return applied;
  const { resultCode: code, operationCodes, feeCharged, resultXdr: xdr, innerHash } = applied;
  const operations = operationCodes.length > 0 ? operationCodes : undefined;
  const result =
    innerHash !== undefined
      ? { code: 'tx_fee_bump_inner_failed', inner: { hash: innerHash, code, ...(operations && { operations }) } }
      : { code, ...(operations && { operations }) };
  throw transactionFailed(envelope.xdr, { ...result, feeCharged, xdr });
}
