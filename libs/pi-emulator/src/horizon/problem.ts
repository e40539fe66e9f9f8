import type { TransactionResult } from '../chain/chain.types.js';

const ERRORS = 'https://stellar.org/horizon-errors/';

/** An answer of type `application/problem+json`, as Horizon words it. */
export class HorizonProblem extends Error {
  constructor(
    readonly status: number,
    readonly type: string,
    readonly title: string,
    readonly detail: string,
    readonly extras?: Record<string, unknown>,
  ) {
    super(`${type}: ${detail}`);
  }

  toJSON(): Record<string, unknown> {
    const { type, title, status, detail, extras } = this;
    return { type: `${ERRORS}${type}`, title, status, detail, ...(extras && { extras }) };
  }
}

export function notFound(detail?: string): HorizonProblem {
  return new HorizonProblem(
    404,
    'not_found',
    'Resource Missing',
    detail ??
      'The resource at the url requested was not found. This usually occurs for one of two reasons: ' +
        'The url requested is not valid, or no data in our database could be found with the parameters provided.',
  );
}

export function badRequest(field: string, reason: string): HorizonProblem {
  return new HorizonProblem(400, 'bad_request', 'Bad Request', 'The request you sent was invalid in some way.', {
    invalid_field: field,
    reason,
  });
}

export function beforeHistory(): HorizonProblem {
  return new HorizonProblem(
    410,
    'before_history',
    'Data Requested Is Before Recorded History',
    'This horizon instance is configured to only track a portion of the network’s latest history.',
  );
}

export function unsupportedMediaType(): HorizonProblem {
  return new HorizonProblem(
    415,
    'unsupported_media_type',
    'Unsupported Media Type',
    'The request has an unsupported content type. Presently, the only supported content type is application/x-www-form-urlencoded.',
  );
}

export function rateLimited(): HorizonProblem {
  return new HorizonProblem(
    429,
    'rate_limit_exceeded',
    'Rate Limit Exceeded',
    'The rate limit for the requesting IP address is over its allotted limit.',
  );
}

export function malformedTransaction(envelopeXdr: string): HorizonProblem {
  return new HorizonProblem(
    400,
    'transaction_malformed',
    'Transaction Malformed',
    'Horizon could not decode the transaction envelope in this request. A transaction should be an XDR ' +
      'TransactionEnvelope struct encoded using base64. The envelope read from this request is echoed in the ' +
      '`extras.envelope_xdr` field of this response.',
    { envelope_xdr: envelopeXdr },
  );
}

/** A definite answer of core, or of the ledger. Says nothing about other copies of the same transaction. */
export function transactionFailed(
  envelopeXdr: string,
  { code, operations, inner, xdr }: TransactionResult,
): HorizonProblem {
  const codes = inner?.operations ?? operations;
  return new HorizonProblem(
    400,
    'transaction_failed',
    'Transaction Failed',
    'The transaction failed when submitted to the stellar network. The `extras.result_codes` field on this ' +
      'response contains further details.',
    {
      envelope_xdr: envelopeXdr,
      result_codes: {
        transaction: code,
        ...(inner && { inner_transaction: inner.code }),
        ...(codes && { operations: codes }),
      },
      result_xdr: xdr,
    },
  );
}

/** The 504 of a synchronous submit: refused, pending or paid, nobody knows. */
export function submissionTimeout(extras?: { hash: string; envelope_xdr: string }): HorizonProblem {
  if (extras) {
    return new HorizonProblem(
      504,
      'transaction_submission_timeout',
      'Transaction Submission Timeout',
      'Your transaction submission request has timed out. This does not necessarily mean the submission has failed. ' +
        'Before resubmitting, please use the transaction hash provided in `extras.hash` to poll the ' +
        'GET /transactions endpoint for sometime and check if it was included in a ledger.',
      extras,
    );
  }
  return new HorizonProblem(
    504,
    'timeout',
    'Timeout',
    'Your request timed out before completing. Please try your request again. If you are submitting a transaction ' +
      'make sure you are sending exactly the same transaction (with the same sequence number).',
  );
}
