import { PiChainError } from '../errors/pi-chain-error.js';
import type { ChainTransaction } from './chain-transaction.js';
import { type DecodedEnvelope, decodeEnvelope } from './native-payment.js';
import type { PiAmount } from './pi-amount.js';

/** What the transaction has to be to count as this payment. */
export interface ExpectedPaymentTransaction {
  /** Of the network the payment belongs to. */
  readonly passphrase: string;
  /** The memo, to the byte. */
  readonly paymentId: string;
  /** `to_address`. */
  readonly destination: string;
  readonly amount: PiAmount;
  /** `from_address`, where it is known. */
  readonly source?: string | undefined;
}

/**
 * Checks that a transaction is the payment it is presented for: of this network, successful, one native payment to the address, exact
 * amount, memo = identifier. A forged txid must not reach Pi, where a failed verification links it for good.
 *
 * @throws PiChainError `PI_TX_FAILED`, `PI_TX_MISMATCH` (`details.field` says what), `PI_CHAIN_IDENTITY`
 */
export async function verifyPaymentTransaction(
  transaction: ChainTransaction,
  expected: ExpectedPaymentTransaction,
): Promise<void> {
  const { hash } = transaction;
  if (!transaction.successful) {
    throw new PiChainError('PI_TX_FAILED', `Transaction ${hash} failed on the chain: no money moved.`, {
      details: { txid: hash },
    });
  }
  const envelope = await decoded(transaction, expected.passphrase);
  if (envelope.hash !== hash && envelope.innerHash !== hash) {
    throw new PiChainError(
      'PI_CHAIN_IDENTITY',
      `Transaction ${hash} was not signed for "${expected.passphrase}". Check PI_HORIZON_URL (option horizonUrl) and PI_NETWORK (option network).`,
    );
  }
  for (const [field, actual, wanted] of differences(transaction, envelope, expected)) {
    if (actual !== wanted) throw mismatch(hash, field, actual, wanted);
  }
}

type Difference = readonly [field: string, actual: string, wanted: string];

function differences(
  transaction: ChainTransaction,
  { payment }: DecodedEnvelope,
  expected: ExpectedPaymentTransaction,
): Difference[] {
  if (!payment) return [['operation', 'something else', 'one native payment']];
  return [
    ['memo', transaction.memo?.text ?? transaction.memo?.type ?? 'none', expected.paymentId],
    ['destination', payment.destination, expected.destination],
    ['amount', `${payment.stroops} stroops`, `${expected.amount.stroops} stroops`],
    ...(expected.source ? [['source', payment.source, expected.source] as const] : []),
  ];
}

async function decoded(transaction: ChainTransaction, passphrase: string): Promise<DecodedEnvelope> {
  try {
    return await decodeEnvelope(transaction.envelopeXdr, passphrase);
  } catch (error) {
    throw new PiChainError(
      'PI_CHAIN_ANSWER_UNREADABLE',
      `The envelope of transaction ${transaction.hash} cannot be read.`,
      {
        cause: error,
      },
    );
  }
}

function mismatch(hash: string, field: string, actual: string, wanted: string): PiChainError {
  return new PiChainError(
    'PI_TX_MISMATCH',
    `The ${field} of transaction ${hash} has to be ${wanted}, but is ${actual}.`,
    {
      details: { txid: hash, field },
    },
  );
}
