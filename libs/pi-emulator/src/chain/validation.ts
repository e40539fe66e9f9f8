import type { xdr } from '@stellar/stellar-base';
import type { AccountReader } from './accounts.js';
import type { AppliedOperation, ChainAccount, TransactionResult } from './chain.types.js';
import type { Envelope } from './envelope.js';
import { feeBumpResult, plainResult, type OperationCode, type PlainCode, type Verdict } from './result-xdr.js';
import { hintOf, isSignedBy } from './signature.js';

/** What a transaction is checked against: the last closed ledger and the terms of the next. */
export interface Terms {
  /** Sequence of the ledger it would enter. */
  readonly ledger: number;
  /** Close time that `minTime` is compared with. */
  readonly earliestClose: bigint;
  /** Close time that `maxTime` is compared with: on submission an upper bound, about 10 s ahead. */
  readonly latestClose: bigint;
  /** Stroops asked for an operation. */
  readonly baseFee: bigint;
  readonly baseReserve: bigint;
}

/** Fee a transaction has to offer: a fee bump counts as one operation more. */
export function minimumFee({ operations, feeBump }: Envelope, baseFee: bigint): bigint {
  return baseFee * BigInt(operations.length + (feeBump ? 1 : 0));
}

/** What an account may spend: its balance less two reserves. */
export function available(account: ChainAccount, baseReserve: bigint): bigint {
  return account.balance - 2n * baseReserve;
}

/**
 * Checks a transaction in stellar-core's order, which is part of the contract: time bounds and fee come before the
 * sequence number, so `tx_too_late` and `tx_insufficient_fee` are also said about transactions that have applied.
 * @returns the refusal, or undefined when the transaction may enter the queue.
 */
export function refusalOf(envelope: Envelope, accounts: AccountReader, terms: Terms): TransactionResult | undefined {
  const { feeBump, operations } = envelope;
  if (!feeBump) {
    const verdict = checkTransaction(envelope, accounts, terms, { charged: true });
    return verdict && plainResult(verdict, operations, minimumFee(envelope, terms.baseFee));
  }
  const outer = checkFeeBump(envelope, accounts, terms);
  if (outer) return plainResult({ code: outer }, operations, minimumFee(envelope, terms.baseFee));
  const inner = checkTransaction(envelope, accounts, terms, { charged: false });
  return inner && feeBumpResult(inner, innerHash(envelope), operations, minimumFee(envelope, terms.baseFee));
}

function checkFeeBump(envelope: Envelope, accounts: AccountReader, terms: Terms): PlainCode | undefined {
  const { fee, feeBump, feeSource, operations, transaction } = envelope;
  if (!feeBump) return undefined;
  if (fee < minimumFee(envelope, terms.baseFee)) return 'tx_insufficient_fee';
  // The outer fee rate may not be below the inner one: fee / (n + 1) >= innerFee / n.
  const count = BigInt(operations.length);
  if (fee * count < BigInt(transaction.fee) * (count + 1n)) return 'tx_insufficient_fee';
  const payer = accounts.get(feeSource);
  if (!payer) return 'tx_no_source_account';
  const signatures = new SignatureCheck(feeBump.hash(), feeBump.signatures);
  if (!signatures.by(feeSource)) return 'tx_bad_auth';
  if (available(payer, terms.baseReserve) < fee) return 'tx_insufficient_balance';
  return signatures.allUsed() ? undefined : 'tx_bad_auth_extra';
}

function checkTransaction(
  envelope: Envelope,
  accounts: AccountReader,
  terms: Terms,
  { charged }: { charged: boolean },
): Verdict | undefined {
  const { transaction, operations, source, minTime, maxTime } = envelope;
  const { ledgerBounds, extraSigners } = transaction;
  // Preconditions nobody sends on Pi: refused plainly rather than half understood.
  const hasAge = Number(transaction.minAccountSequenceAge ?? 0) > 0;
  if (extraSigners?.length || hasAge || transaction.minAccountSequenceLedgerGap) return { code: 'tx_not_supported' };
  if (operations.length === 0) return { code: 'tx_missing_operation' };
  if (minTime > terms.earliestClose || (ledgerBounds && ledgerBounds.minLedger > terms.ledger)) {
    return { code: 'tx_too_early' };
  }
  if (maxTime > 0n && maxTime < terms.latestClose) return { code: 'tx_too_late' };
  if (ledgerBounds?.maxLedger && ledgerBounds.maxLedger <= terms.ledger) return { code: 'tx_too_late' };
  if (charged && envelope.fee < minimumFee(envelope, terms.baseFee)) return { code: 'tx_insufficient_fee' };
  const account = accounts.get(source);
  if (!account) return { code: 'tx_no_source_account' };
  if (isBadSequence(envelope, account, terms.ledger)) return { code: 'tx_bad_seq' };
  const signatures = new SignatureCheck(transaction.hash(), transaction.signatures);
  if (!signatures.by(source)) return { code: 'tx_bad_auth' };
  if (charged && available(account, terms.baseReserve) < envelope.fee) return { code: 'tx_insufficient_balance' };
  const codes = operations.map((operation) => checkOperation(operation, source, accounts, signatures));
  if (codes.some((code) => code !== 'op_success')) return { code: 'tx_failed', operations: codes };
  return signatures.allUsed() ? undefined : { code: 'tx_bad_auth_extra' };
}

/** Also asked again when the transaction applies: another one of the same ledger may have moved the sequence. */
export function isBadSequence({ sequence, transaction }: Envelope, account: ChainAccount, ledger: number): boolean {
  if (sequence === BigInt(ledger) << 32n) return true; // the starting sequence of accounts created in that ledger
  const least = transaction.minAccountSequence;
  if (least === undefined) return account.sequence + 1n !== sequence;
  return account.sequence < BigInt(least) || account.sequence >= sequence;
}

/** What can be said of an operation before it runs. */
function checkOperation(
  operation: AppliedOperation,
  txSource: string,
  accounts: AccountReader,
  signatures: SignatureCheck,
): OperationCode {
  if (operation.source !== txSource) {
    if (!accounts.get(operation.source)) return 'op_no_source_account';
    if (!signatures.by(operation.source)) return 'op_bad_auth';
  }
  switch (operation.type) {
    case 'payment':
      return operation.stroops > 0n ? 'op_success' : 'op_malformed';
    case 'create_account':
      return operation.stroops >= 0n && operation.destination !== operation.source ? 'op_success' : 'op_malformed';
    case 'bump_sequence':
      return operation.bumpTo >= 0n ? 'op_success' : 'op_bad_seq';
    case 'other':
      return operation.name === 'payment' ? 'op_success' : 'op_not_supported';
  }
}

export function innerHash({ transaction }: Envelope): string {
  return transaction.hash().toString('hex');
}

/** Verifies signatures of master keys, and remembers which were of use: an extra one is a refusal. */
class SignatureCheck {
  private readonly used = new Set<number>();

  constructor(
    private readonly hash: Buffer,
    private readonly signatures: readonly xdr.DecoratedSignature[],
  ) {}

  by(address: string): boolean {
    const hint = hintOf(address);
    const index = this.signatures.findIndex(
      (signature) => signature.hint().equals(hint) && isSignedBy(address, this.hash, signature.signature()),
    );
    if (index >= 0) this.used.add(index);
    return index >= 0;
  }

  allUsed(): boolean {
    return this.used.size === this.signatures.length;
  }
}
