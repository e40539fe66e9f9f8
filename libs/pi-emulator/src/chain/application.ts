import { AccountDraft, type AccountReader } from './accounts.js';
import type { AppliedOperation, AppliedTransaction, LedgerHeader, TransactionResult } from './chain.types.js';
import { participantsOf, readMemo, type Envelope } from './envelope.js';
import { feeBumpResult, plainResult, type OperationCode, type Verdict } from './result-xdr.js';
import { available, innerHash, isBadSequence, minimumFee } from './validation.js';

const MAX_INT64 = (1n << 63n) - 1n;

interface ApplyTerms {
  readonly header: Pick<LedgerHeader, 'sequence' | 'closedAt'>;
  readonly baseFee: bigint;
  readonly baseReserve: bigint;
}

/** Applies a ledger's transactions as stellar-core does: all fees first, then one transaction after the other. */
export function applyLedger(
  envelopes: readonly Envelope[],
  accounts: AccountReader,
  terms: ApplyTerms,
): { draft: AccountDraft; transactions: AppliedTransaction[] } {
  const draft = new AccountDraft(accounts);
  const fees = envelopes.map((envelope) => chargeFee(envelope, draft, terms.baseFee));
  const transactions = envelopes.map((envelope, index) => {
    const feeCharged = fees[index] ?? 0n;
    const verdict = applyTransaction(envelope, draft, terms);
    const result = envelope.feeBump
      ? feeBumpResult(verdict, innerHash(envelope), envelope.operations, feeCharged)
      : plainResult(verdict, envelope.operations, feeCharged);
    return appliedTransaction(envelope, result, terms.header, index + 1);
  });
  return { draft, transactions };
}

/** The ledger's base fee for every operation, not what was offered. */
function chargeFee(envelope: Envelope, draft: AccountDraft, baseFee: bigint): bigint {
  const payer = draft.get(envelope.feeSource);
  if (!payer) return 0n;
  const asked = minimumFee(envelope, baseFee);
  const fee = [asked, envelope.fee, payer.balance].reduce((least, value) => (value < least ? value : least));
  draft.put(envelope.feeSource, { ...payer, balance: payer.balance - fee });
  return fee;
}

function applyTransaction(envelope: Envelope, draft: AccountDraft, terms: ApplyTerms): Verdict {
  const { source, sequence, operations } = envelope;
  const { header } = terms;
  const account = draft.get(source);
  if (!account) return { code: 'tx_no_source_account' };
  if (isBadSequence(envelope, account, header.sequence)) return { code: 'tx_bad_seq' };
  draft.put(source, { ...account, sequence, sequenceLedger: header.sequence, sequenceTime: header.closedAt });

  const work = new AccountDraft(draft);
  const codes = operations.map((operation) => {
    const step = new AccountDraft(work);
    const code = applyOperation(operation, step, terms);
    if (code === 'op_success') work.take(step);
    return code;
  });
  if (codes.some((code) => code !== 'op_success')) return { code: 'tx_failed', operations: codes };
  draft.take(work);
  return { code: 'tx_success', operations: codes };
}

function applyOperation(operation: AppliedOperation, draft: AccountDraft, terms: ApplyTerms): OperationCode {
  const source = draft.get(operation.source);
  if (!source) return 'op_no_source_account';
  const { baseReserve, header } = terms;
  switch (operation.type) {
    case 'payment': {
      const { destination, stroops } = operation;
      if (destination === operation.source) return 'op_success';
      const receiver = draft.get(destination);
      if (!receiver) return 'op_no_destination';
      if (available(source, baseReserve) < stroops) return 'op_underfunded';
      if (receiver.balance + stroops > MAX_INT64) return 'op_line_full';
      draft.put(operation.source, { ...source, balance: source.balance - stroops });
      draft.put(destination, { ...receiver, balance: receiver.balance + stroops });
      return 'op_success';
    }
    case 'create_account': {
      const { destination, stroops } = operation;
      if (draft.get(destination)) return 'op_already_exists';
      if (stroops < 2n * baseReserve) return 'op_low_reserve';
      if (available(source, baseReserve) < stroops) return 'op_underfunded';
      draft.put(operation.source, { ...source, balance: source.balance - stroops });
      draft.put(destination, { balance: stroops, sequence: BigInt(header.sequence) << 32n });
      return 'op_success';
    }
    case 'bump_sequence':
      if (operation.bumpTo > source.sequence) {
        draft.put(operation.source, {
          ...source,
          sequence: operation.bumpTo,
          sequenceLedger: header.sequence,
          sequenceTime: header.closedAt,
        });
      }
      return 'op_success';
    case 'other': // a payment in another asset: nobody here holds one
      return 'op_no_trust';
  }
}

function appliedTransaction(
  envelope: Envelope,
  result: TransactionResult,
  header: ApplyTerms['header'],
  order: number,
): AppliedTransaction {
  const { feeBump, transaction } = envelope;
  const inner = result.inner;
  const code = inner?.code ?? result.code;
  return {
    hash: envelope.hash,
    ...(feeBump && { innerHash: innerHash(envelope) }),
    successful: code === 'tx_success',
    ledger: header.sequence,
    order,
    closedAt: header.closedAt,
    sourceAccount: envelope.source,
    sequence: envelope.sequence,
    feeAccount: envelope.feeSource,
    feeCharged: result.feeCharged,
    maxFee: envelope.fee,
    ...(feeBump && { innerMaxFee: BigInt(transaction.fee) }),
    ...readMemo(transaction),
    minTime: envelope.minTime,
    maxTime: envelope.maxTime,
    hasTimeBounds: transaction.timeBounds !== undefined,
    operations: envelope.operations,
    operationCodes: inner?.operations ?? result.operations ?? [],
    resultCode: code,
    signatures: signaturesOf(feeBump ?? transaction),
    ...(feeBump && { innerSignatures: signaturesOf(transaction) }),
    participants: participantsOf(envelope),
    envelopeXdr: envelope.xdr,
    resultXdr: result.xdr,
  };
}

function signaturesOf({ signatures }: Pick<Envelope['transaction'], 'signatures'>): string[] {
  return signatures.map((signature) => signature.signature().toString('base64'));
}
