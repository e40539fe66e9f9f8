import { xdr } from '@stellar/stellar-base';
import type { AppliedOperation, TransactionResult } from './chain.types.js';

const {
  OperationResult,
  OperationResultTr,
  PaymentResult,
  CreateAccountResult,
  BumpSequenceResult,
  TransactionResultResult,
  InnerTransactionResultResult,
} = xdr;

/** Codes that end a transaction before its operations run, by Horizon's spelling. */
const PLAIN_CODES = {
  tx_too_early: 'txTooEarly',
  tx_too_late: 'txTooLate',
  tx_missing_operation: 'txMissingOperation',
  tx_bad_seq: 'txBadSeq',
  tx_bad_auth: 'txBadAuth',
  tx_insufficient_balance: 'txInsufficientBalance',
  tx_no_source_account: 'txNoAccount',
  tx_insufficient_fee: 'txInsufficientFee',
  tx_bad_auth_extra: 'txBadAuthExtra',
  tx_not_supported: 'txNotSupported',
} as const;

export type PlainCode = keyof typeof PLAIN_CODES;

/** An operation's outcome by Horizon's spelling. */
export type OperationCode =
  | 'op_success'
  | 'op_malformed'
  | 'op_underfunded'
  | 'op_no_destination'
  | 'op_no_trust'
  | 'op_line_full'
  | 'op_low_reserve'
  | 'op_already_exists'
  | 'op_bad_seq'
  | 'op_bad_auth'
  | 'op_no_source_account'
  | 'op_not_supported';

/** What the rules found, before it is written as XDR. */
export type Verdict = { code: PlainCode } | { code: 'tx_success' | 'tx_failed'; operations: readonly OperationCode[] };

const PAYMENT: Partial<Record<OperationCode, () => xdr.PaymentResult>> = {
  op_success: PaymentResult.paymentSuccess,
  op_malformed: PaymentResult.paymentMalformed,
  op_underfunded: PaymentResult.paymentUnderfunded,
  op_no_destination: PaymentResult.paymentNoDestination,
  op_no_trust: PaymentResult.paymentNoTrust,
  op_line_full: PaymentResult.paymentLineFull,
};
const CREATE_ACCOUNT: Partial<Record<OperationCode, () => xdr.CreateAccountResult>> = {
  op_success: CreateAccountResult.createAccountSuccess,
  op_malformed: CreateAccountResult.createAccountMalformed,
  op_underfunded: CreateAccountResult.createAccountUnderfunded,
  op_low_reserve: CreateAccountResult.createAccountLowReserve,
  op_already_exists: CreateAccountResult.createAccountAlreadyExist,
};
const BUMP_SEQUENCE: Partial<Record<OperationCode, () => xdr.BumpSequenceResult>> = {
  op_success: BumpSequenceResult.bumpSequenceSuccess,
  op_bad_seq: BumpSequenceResult.bumpSequenceBadSeq,
};

function operationResult(operation: AppliedOperation, code: OperationCode): xdr.OperationResult {
  switch (code) {
    case 'op_bad_auth':
      return OperationResult.opBadAuth();
    case 'op_no_source_account':
      return OperationResult.opNoAccount();
    case 'op_not_supported':
      return OperationResult.opNotSupported();
    default:
      return OperationResult.opInner(operationResultOf(operation, code));
  }
}

function operationResultOf(operation: AppliedOperation, code: OperationCode): xdr.OperationResultTr {
  switch (operation.type) {
    case 'create_account':
      return OperationResultTr.createAccount(made(CREATE_ACCOUNT, code));
    case 'bump_sequence':
      return OperationResultTr.bumpSequence(made(BUMP_SEQUENCE, code));
    case 'payment':
    case 'other': // of these only a payment in another asset gets this far
      return OperationResultTr.payment(made(PAYMENT, code));
  }
}

function made<T>(table: Partial<Record<OperationCode, () => T>>, code: OperationCode): T {
  const make = table[code];
  if (!make) throw new Error(`pi-emulator: no XDR result for ${code}`);
  return make();
}

/** The result of a plain transaction, with its XDR. */
export function plainResult(
  verdict: Verdict,
  operations: readonly AppliedOperation[],
  feeCharged: bigint,
): TransactionResult {
  const outcome =
    'operations' in verdict
      ? verdict.code === 'tx_success'
        ? TransactionResultResult.txSuccess(operationResults(operations, verdict.operations))
        : TransactionResultResult.txFailed(operationResults(operations, verdict.operations))
      : TransactionResultResult[PLAIN_CODES[verdict.code]]();
  return {
    code: verdict.code,
    ...('operations' in verdict && { operations: verdict.operations }),
    feeCharged,
    xdr: write(outcome, feeCharged),
  };
}

/** The result of a fee bump whose inner transaction was looked at. */
export function feeBumpResult(
  verdict: Verdict,
  innerHash: string,
  operations: readonly AppliedOperation[],
  feeCharged: bigint,
): TransactionResult {
  const succeeded = verdict.code === 'tx_success';
  const inner =
    'operations' in verdict
      ? succeeded
        ? InnerTransactionResultResult.txSuccess(operationResults(operations, verdict.operations))
        : InnerTransactionResultResult.txFailed(operationResults(operations, verdict.operations))
      : InnerTransactionResultResult[PLAIN_CODES[verdict.code]]();
  const pair = new xdr.InnerTransactionResultPair({
    transactionHash: Buffer.from(innerHash, 'hex'),
    result: new xdr.InnerTransactionResult({
      feeCharged: int64(0n),
      result: inner,
      ext: new xdr.InnerTransactionResultExt(0),
    }),
  });
  const outcome = succeeded
    ? TransactionResultResult.txFeeBumpInnerSuccess(pair)
    : TransactionResultResult.txFeeBumpInnerFailed(pair);
  return {
    code: succeeded ? 'tx_fee_bump_inner_success' : 'tx_fee_bump_inner_failed',
    inner: {
      hash: innerHash,
      code: verdict.code,
      ...('operations' in verdict && { operations: verdict.operations }),
    },
    feeCharged,
    xdr: write(outcome, feeCharged),
  };
}

function operationResults(operations: readonly AppliedOperation[], codes: readonly OperationCode[]) {
  return operations.map((operation, index) => operationResult(operation, codes[index] ?? 'op_not_supported'));
}

function write(result: xdr.TransactionResultResult, feeCharged: bigint): string {
  return new xdr.TransactionResult({
    feeCharged: int64(feeCharged),
    result,
    ext: new xdr.TransactionResultExt(0),
  }).toXDR('base64');
}

function int64(value: bigint): xdr.Int64 {
  return xdr.Int64.fromString(value.toString());
}

/** `result_meta_xdr`: valid and empty; the emulator keeps no per-entry changes. */
export const EMPTY_RESULT_META = new xdr.TransactionMeta(
  2,
  new xdr.TransactionMetaV2({ txChangesBefore: [], operations: [], txChangesAfter: [] }),
).toXDR('base64');

/** `fee_meta_xdr`: an empty list of changes. */
export const EMPTY_FEE_META = Buffer.alloc(4).toString('base64');
