import type { PiCallOptions } from '../http/call-options.js';
import type {
  ChainAccount,
  ChainFeeStats,
  ChainIdentity,
  ChainLedger,
  ChainTransactionPage,
  ChainTransactionQuery,
} from './chain-answers.js';
import type { ChainSubmission, ChainTransaction } from './chain-transaction.js';

/** A thin client of the Pi blockchain's Horizon. */
export abstract class PiHorizonClient {
  abstract network(options?: PiCallOptions): Promise<ChainIdentity>;
  abstract account(address: string, options?: PiCallOptions): Promise<ChainAccount | undefined>;
  abstract ledger(sequence: number, options?: PiCallOptions): Promise<ChainLedger | undefined>;
  abstract latestLedger(options?: PiCallOptions): Promise<ChainLedger>;
  abstract feeStats(options?: PiCallOptions): Promise<ChainFeeStats>;
  abstract transaction(hash: string, options?: PiCallOptions): Promise<ChainTransaction | undefined>;
  abstract transactions(
    address: string,
    query?: ChainTransactionQuery,
    options?: PiCallOptions,
  ): Promise<ChainTransactionPage>;
  abstract submit(envelopeXdr: string, options?: PiCallOptions): Promise<ChainSubmission>;
}
