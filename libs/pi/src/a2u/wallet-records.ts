import type { ChainTransaction } from '../chain/chain-transaction.js';
import type { WalletRecord } from './payout.evidence.js';

/** Reads envelopes. Of stellar-base, which an app without a wallet never loads. */
export type EnvelopeReader = (envelopeXdr: string) => Pick<WalletRecord, 'payment' | 'bumpedTo'>;

/** Loads stellar-base. */
export async function envelopeReader(passphrase: string): Promise<EnvelopeReader> {
  const { TransactionBuilder, extractBaseAddress } = await import('@stellar/stellar-base');
  return (envelopeXdr) => {
    const envelope = TransactionBuilder.fromXDR(envelopeXdr, passphrase);
    const { operations, source } = 'innerTransaction' in envelope ? envelope.innerTransaction : envelope;
    const account = extractBaseAddress(source);
    const [only] = operations;
    const bumps = operations.filter(
      (operation) => operation.type === 'bumpSequence' && extractBaseAddress(operation.source ?? source) === account,
    );
    return {
      ...(operations.length === 1 &&
        only?.type === 'payment' &&
        only.asset.isNative() && {
          payment: {
            source: extractBaseAddress(only.source ?? source),
            destination: extractBaseAddress(only.destination),
            stroops: stroopsOf(only.amount),
          },
        }),
      ...(bumps.length > 0 && {
        bumpedTo: bumps.map((bump) => BigInt((bump as { bumpTo: string }).bumpTo)).reduce((a, b) => (a > b ? a : b)),
      }),
    };
  };
}

/** Amounts of stellar-base have exactly 7 decimals. */
function stroopsOf(amount: string): bigint {
  return BigInt(amount.replace('.', ''));
}

/** The envelope is read when somebody looks: of most records nobody does. */
export function toWalletRecord(transaction: ChainTransaction, read: EnvelopeReader): WalletRecord {
  const { hash, innerHash, successful, sourceAccount, sequence, memo, ledger, createdAt, envelopeXdr } = transaction;
  let envelope: ReturnType<EnvelopeReader> | undefined;
  const opened = () => (envelope ??= read(envelopeXdr));
  return {
    hash,
    ...(innerHash !== undefined && { innerHash }),
    successful,
    source: sourceAccount,
    sequence,
    ...(memo?.text !== undefined && { memo: memo.text }),
    ledger,
    closedAt: Math.floor(createdAt.getTime() / 1000),
    get payment() {
      return opened().payment;
    },
    get bumpedTo() {
      return successful ? opened().bumpedTo : undefined;
    },
  } as WalletRecord;
}
