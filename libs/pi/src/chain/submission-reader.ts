import { PiUnavailableError } from '../errors/pi-unavailable-error.js';
import type { PiReply } from '../http/caller.js';
import { retryAfterMs } from '../http/retry-after.js';
import { UnreadableAnswer } from '../http/answer-reader.js';
import type { ChainResultCodes, ChainSubmission, ChainTransaction } from './chain-transaction.js';
import { readTransaction } from './transaction-reader.js';

type Unknown = Extract<ChainSubmission, { kind: 'unknown' }>;
type Fields = Readonly<Record<string, unknown>>;

/** What an answer to `POST /transactions` says. Whatever is not certain is `unknown`. */
export function readSubmission(reply: PiReply): ChainSubmission {
  const body = fieldsOf(reply.data);
  if (reply.status === 200) return applied(body) ?? unknown('unreadable', reply, body);
  if (reply.status === 400) return refused(reply, body) ?? unknown('unreadable', reply, body);
  return unknown(reply.status === 429 ? 'rate_limited' : 'status', reply, body);
}

/** No answer at all. */
export function unansweredSubmission(error: PiUnavailableError): Unknown {
  const reason = error.reason === 'timeout' ? 'timeout' : 'network';
  return { kind: 'unknown', reason, detail: error.message };
}

function applied(body: Fields): ChainSubmission | undefined {
  const { hash, ledger, successful } = body;
  if (typeof hash !== 'string' || typeof ledger !== 'number') return undefined;
  const transaction = recordIn(body);
  return {
    kind: 'applied',
    hash: hash.toLowerCase(),
    // Old Horizons leave it out, and answer 200 to successful ones only.
    successful: successful !== false,
    ledger,
    ...(transaction && { transaction }),
  };
}

/** Horizon answers a submit with the whole record; what stands in for one may say less. */
function recordIn(body: Fields): ChainTransaction | undefined {
  try {
    return readTransaction(body);
  } catch (error) {
    if (error instanceof UnreadableAnswer) return undefined;
    throw error;
  }
}

function refused(reply: PiReply, body: Fields): ChainSubmission | undefined {
  const extras = fieldsOf(body['extras']);
  const codes = codesOf(fieldsOf(extras['result_codes']));
  const { status } = reply;
  if (codes) {
    const resultXdr = textOf(extras['result_xdr']);
    const hash = textOf(extras['hash']);
    return { kind: 'refused', status, codes, ...(resultXdr && { resultXdr }), ...(hash && { hash }) };
  }
  // Refused by Horizon itself, before the chain saw it. Any other 400 came from something in between.
  const byHorizon = /\/(transaction_malformed|bad_request)$/.test(textOf(body['type']) ?? '');
  return byHorizon ? { kind: 'malformed', status, detail: detailOf(reply, body) } : undefined;
}

function codesOf(codes: Fields): ChainResultCodes | undefined {
  const transaction = textOf(codes['transaction']);
  if (!transaction) return undefined;
  const innerTransaction = textOf(codes['inner_transaction']);
  const operations: unknown[] = Array.isArray(codes['operations']) ? codes['operations'] : [];
  return {
    transaction,
    ...(innerTransaction && { innerTransaction }),
    operations: operations.filter((code) => typeof code === 'string'),
  };
}

function unknown(reason: Unknown['reason'], reply: PiReply, body: Fields): Unknown {
  // Of the two 504s of Horizon one knows the hash, one does not.
  const hash = textOf(fieldsOf(body['extras'])['hash']);
  const wait = retryAfterMs(reply.header('retry-after'));
  return {
    kind: 'unknown',
    reason,
    status: reply.status,
    detail: detailOf(reply, body),
    ...(hash && { hash }),
    ...(wait !== undefined && { retryAfterMs: wait }),
  };
}

function detailOf(reply: PiReply, body: Fields): string {
  const words = [body['title'], body['detail']].filter((word) => typeof word === 'string').join(': ');
  return `${reply.status} ${words || 'without an explanation'}`.slice(0, 300);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
