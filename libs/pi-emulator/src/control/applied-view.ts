import type { AppliedTransaction } from '../chain/chain.types.js';
import { toPiString } from '../platform/amount.js';

/** A transaction of the chain as the control API shows it: what really applied, whatever Horizon was told to say. */
export interface AppliedTransactionView {
  hash: string;
  /** Hash of the wrapped transaction when this is a fee bump. */
  innerHash?: string;
  /** A failed one has used up its sequence number and fee, nothing else. */
  successful: boolean;
  ledger: number;
  /** ISO 8601. */
  closedAt: string;
  sourceAccount: string;
  /** Decimal digits. */
  sequence: string;
  feeAccount: string;
  /** Stroops. */
  feeCharged: string;
  /** Text memo. */
  memo?: string;
  resultCode: string;
  operationCodes: readonly string[];
  operations: { type: string; source: string; destination?: string; /** Pi, 7 decimals. */ amount?: string }[];
  envelopeXdr: string;
}

export function viewApplied(transaction: AppliedTransaction): AppliedTransactionView {
  const { hash, innerHash, successful, ledger, closedAt, sourceAccount, sequence, feeAccount, feeCharged } =
    transaction;
  const { memoType, memo, resultCode, operationCodes, operations, envelopeXdr } = transaction;
  return {
    hash,
    ...(innerHash !== undefined && { innerHash }),
    successful,
    ledger,
    closedAt: new Date(closedAt * 1000).toISOString(),
    sourceAccount,
    sequence: String(sequence),
    feeAccount,
    feeCharged: String(feeCharged),
    ...(memoType === 'text' && memo !== undefined && { memo }),
    resultCode,
    operationCodes,
    operations: operations.map((operation) => ({
      type: operation.type === 'other' ? operation.name : operation.type,
      source: operation.source,
      ...('destination' in operation && {
        destination: operation.destination,
        amount: toPiString(operation.stroops),
      }),
    })),
    envelopeXdr,
  };
}
