import type { AppliedTransaction } from '../chain/chain.types.js';
import { EMPTY_FEE_META, EMPTY_RESULT_META } from '../chain/result-xdr.js';
import { tokenOf, type Paged } from './page.js';
import { isoTime } from './iso-time.js';

/**
 * A transaction as Horizon shows it.
 * @param hash the one it was asked for by: a fee bump found by its inner hash shows that, with the inner signatures
 */
export function transactionRecord(
  transaction: AppliedTransaction,
  origin: string,
  hash = transaction.hash,
): Paged & Record<string, unknown> {
  const { ledger, order, sourceAccount, memo, memoBytes, innerHash } = transaction;
  const token = tokenOf(ledger, order).toString();
  const isInner = hash !== transaction.hash;
  return {
    memo,
    ...(memoBytes !== undefined && { memo_bytes: memoBytes }),
    _links: {
      self: { href: `${origin}/transactions/${hash}` },
      account: { href: `${origin}/accounts/${sourceAccount}` },
      ledger: { href: `${origin}/ledgers/${ledger}` },
      operations: { href: `${origin}/transactions/${hash}/operations{?cursor,limit,order}`, templated: true },
      effects: { href: `${origin}/transactions/${hash}/effects{?cursor,limit,order}`, templated: true },
      precedes: { href: `${origin}/transactions?order=asc&cursor=${token}` },
      succeeds: { href: `${origin}/transactions?order=desc&cursor=${token}` },
      transaction: { href: `${origin}/transactions/${hash}` },
    },
    id: hash,
    paging_token: token,
    successful: transaction.successful,
    hash,
    ledger,
    created_at: isoTime(transaction.closedAt),
    source_account: sourceAccount,
    source_account_sequence: transaction.sequence.toString(),
    fee_account: transaction.feeAccount,
    fee_charged: transaction.feeCharged.toString(),
    max_fee: transaction.maxFee.toString(),
    operation_count: transaction.operations.length,
    envelope_xdr: transaction.envelopeXdr,
    result_xdr: transaction.resultXdr,
    result_meta_xdr: EMPTY_RESULT_META,
    fee_meta_xdr: EMPTY_FEE_META,
    memo_type: transaction.memoType,
    signatures: isInner ? (transaction.innerSignatures ?? []) : transaction.signatures,
    ...preconditions(transaction),
    ...(innerHash !== undefined && {
      fee_bump_transaction: { hash: transaction.hash, signatures: transaction.signatures },
      inner_transaction: {
        hash: innerHash,
        signatures: transaction.innerSignatures,
        max_fee: (transaction.innerMaxFee ?? 0n).toString(),
      },
    }),
  };
}

function preconditions({ hasTimeBounds, minTime, maxTime }: AppliedTransaction): Record<string, unknown> {
  if (!hasTimeBounds) return {};
  const isBounded = maxTime > 0n;
  return {
    valid_after: isoTime(Number(minTime)),
    ...(isBounded && maxTime <= 253_402_300_799n && { valid_before: isoTime(Number(maxTime)) }),
    preconditions: {
      timebounds: { min_time: minTime.toString(), ...(isBounded && { max_time: maxTime.toString() }) },
    },
  };
}
