import type { FeeBumpTransaction, Transaction } from '@stellar/stellar-base';
import { PiAmount } from './pi-amount.js';

/** What an envelope does, if it is one native payment and nothing else. */
export interface NativePayment {
  /** Whose money it is: the operation's source, or else the transaction's. */
  readonly source: string;
  readonly destination: string;
  readonly stroops: bigint;
}

/** An envelope, read. Hashes are those of the network whose passphrase was given. */
export interface DecodedEnvelope {
  /** Of the envelope as it is: of a fee bump, the wrapper's. */
  readonly hash: string;
  /** Of a fee bump: the hash of what it wraps. */
  readonly innerHash?: string;
  readonly source: string;
  readonly sequence: bigint;
  /** Undefined when it does anything else, or more than one thing. */
  readonly payment?: NativePayment;
}

/**
 * Reads an envelope. Loads stellar-base when first used: an app that never looks at the chain does not pay for it.
 * @throws Error when it is no envelope
 */
export async function decodeEnvelope(envelopeXdr: string, passphrase: string): Promise<DecodedEnvelope> {
  const stellar = await import('@stellar/stellar-base');
  const envelope = stellar.TransactionBuilder.fromXDR(envelopeXdr, passphrase);
  const inner = isFeeBump(envelope) ? envelope.innerTransaction : envelope;
  const baseAddress = (address: string): string => stellar.extractBaseAddress(address);
  const payment = paymentOf(inner, baseAddress);
  return {
    hash: envelope.hash().toString('hex'),
    ...(inner !== envelope && { innerHash: inner.hash().toString('hex') }),
    source: baseAddress(inner.source),
    sequence: BigInt(inner.sequence),
    ...(payment && { payment }),
  };
}

/** The single native payment of an envelope; undefined for anything else. */
export async function decodeNativePayment(envelopeXdr: string, passphrase: string): Promise<NativePayment | undefined> {
  return (await decodeEnvelope(envelopeXdr, passphrase)).payment;
}

function paymentOf(transaction: Transaction, baseAddress: (address: string) => string): NativePayment | undefined {
  const [operation] = transaction.operations;
  if (!operation || transaction.operations.length !== 1) return undefined;
  if (operation.type !== 'payment' || !operation.asset.isNative()) return undefined;
  return {
    source: baseAddress(operation.source ?? transaction.source),
    // A muxed address (M…) names an account plus a number of its owner's: the money goes to the account.
    destination: baseAddress(operation.destination),
    stroops: PiAmount.of(operation.amount).stroops,
  };
}

function isFeeBump(envelope: Transaction | FeeBumpTransaction): envelope is FeeBumpTransaction {
  return 'innerTransaction' in envelope;
}
