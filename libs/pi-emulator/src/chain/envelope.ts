import { extractBaseAddress, FeeBumpTransaction, hash as sha256, TransactionBuilder } from '@stellar/stellar-base';
import type { Operation, Transaction } from '@stellar/stellar-base';
import type { AppliedOperation, MemoType } from './chain.types.js';

/** A posted transaction, decoded once. `fee`, `hash` and `feeSource` are those of the outermost envelope. */
export interface Envelope {
  readonly xdr: string;
  readonly hash: string;
  /** Hash of the whole envelope with its signatures: what stellar-core bans. */
  readonly fullHash: string;
  readonly source: string;
  readonly sequence: bigint;
  readonly feeSource: string;
  readonly fee: bigint;
  readonly transaction: Transaction;
  readonly feeBump?: FeeBumpTransaction;
  readonly operations: readonly AppliedOperation[];
  readonly minTime: bigint;
  readonly maxTime: bigint;
}

/**
 * Decodes a base64 `TransactionEnvelope`.
 * @returns undefined when it is not one: Horizon's `transaction_malformed`.
 */
export function readEnvelope(base64: string, passphrase: string): Envelope | undefined {
  try {
    return decode(base64, passphrase);
  } catch {
    return undefined;
  }
}

function decode(base64: string, passphrase: string): Envelope {
  const outer = TransactionBuilder.fromXDR(base64, passphrase);
  const feeBump = outer instanceof FeeBumpTransaction ? outer : undefined;
  const transaction = outer instanceof FeeBumpTransaction ? outer.innerTransaction : outer;
  const source = extractBaseAddress(transaction.source);
  const raw = outer.toEnvelope().toXDR();
  return {
    xdr: raw.toString('base64'),
    hash: outer.hash().toString('hex'),
    fullHash: sha256(raw).toString('hex'),
    source,
    sequence: BigInt(transaction.sequence),
    feeSource: feeBump ? extractBaseAddress(feeBump.feeSource) : source,
    fee: BigInt(outer.fee),
    transaction,
    ...(feeBump && { feeBump }),
    operations: transaction.operations.map((operation) => readOperation(operation, source)),
    minTime: BigInt(transaction.timeBounds?.minTime ?? 0),
    maxTime: BigInt(transaction.timeBounds?.maxTime ?? 0),
  };
}

/** Stroops of an amount as stellar-base reads it out of an envelope: a decimal with up to 7 places, any sign. */
export function stroops(amount: string): bigint {
  const [whole = '0', fraction = ''] = amount.replace('-', '').split('.');
  const value = BigInt(whole + fraction.padEnd(7, '0'));
  return amount.startsWith('-') ? -value : value;
}

/** An amount as Horizon writes it: always 7 places. */
export function amountOf(value: bigint): string {
  const digits = value.toString().padStart(8, '0');
  return `${digits.slice(0, -7)}.${digits.slice(-7)}`;
}

function readOperation(operation: Operation, txSource: string): AppliedOperation {
  const source = extractBaseAddress(operation.source ?? txSource);
  switch (operation.type) {
    case 'payment':
      if (!operation.asset.isNative()) return { type: 'other', source, name: 'payment' };
      return {
        type: 'payment',
        source,
        destination: extractBaseAddress(operation.destination),
        stroops: stroops(operation.amount),
      };
    case 'createAccount':
      return {
        type: 'create_account',
        source,
        destination: operation.destination,
        stroops: stroops(operation.startingBalance),
      };
    case 'bumpSequence':
      return { type: 'bump_sequence', source, bumpTo: BigInt(operation.bumpTo) };
    default:
      return { type: 'other', source, name: operation.type };
  }
}

/** The memo in Horizon's terms. */
export function readMemo(transaction: Transaction): { memoType: MemoType; memo?: string; memoBytes?: string } {
  const { type, value } = transaction.memo;
  switch (type) {
    case 'text': {
      const bytes = Buffer.isBuffer(value) ? value : Buffer.from(String(value), 'utf8');
      return { memoType: 'text', memo: bytes.toString('utf8'), memoBytes: bytes.toString('base64') };
    }
    case 'id':
      return { memoType: 'id', memo: String(value) };
    case 'hash':
    case 'return':
      return { memoType: type, memo: Buffer.from(value as Buffer).toString('base64') };
    default:
      return { memoType: 'none' };
  }
}

/** Every account a transaction touches. */
export function participantsOf({ source, feeSource, operations }: Envelope): string[] {
  const touched = new Set([source, feeSource]);
  for (const operation of operations) {
    touched.add(operation.source);
    if ('destination' in operation) touched.add(operation.destination);
  }
  return [...touched];
}
