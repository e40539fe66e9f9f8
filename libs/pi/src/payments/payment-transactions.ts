import { setTimeout as pause } from 'node:timers/promises';
import type { ChainTransaction } from '../chain/chain-transaction.js';
import type { PiHorizonClient } from '../chain/horizon-client.js';
import { verifyPaymentTransaction, type ExpectedPaymentTransaction } from '../chain/verify-payment-transaction.js';
import { PiChainError } from '../errors/pi-chain-error.js';
import { PiUnavailableError } from '../errors/pi-unavailable-error.js';
import type { PaymentDto } from '../platform/payment.dto.js';
import { ASK_CHAIN } from './payment-calls.js';

/** A txid the SDK has just named may not be ingested by Horizon yet: how long it is looked for (rule 4). */
const PATIENCE_MS = 1_500;
const LOOK_AGAIN_MS = 300;
/** A history is read to its end or not believed. */
const PAGE = 200;
const MOST_PAGES = 25;
/** A Horizon whose newest chain ledger is older lags: a payment could be in what it has not read yet. */
const FRESH_MS = 60_000;
/** Pi's clock and the chain's need not agree. */
const MARGIN_MS = 10 * 60_000;

/** What the chain says about the money of a U2A payment. */
export class PaymentTransactions {
  constructor(
    private readonly horizon: PiHorizonClient,
    /** Of the network the app is registered on. */
    private readonly passphrase: string,
  ) {}

  /**
   * Successful, native, to the app's address, of the exact amount, with the payment's identifier as memo; or it throws.
   *
   * @param patienceMs how long to look again for a transaction that is not there yet.
   * @throws PiChainError PI_TX_NOT_FOUND (retryable), PI_TX_FAILED, PI_TX_MISMATCH.
   * @throws PiUnavailableError Horizon could not be asked.
   */
  async verify(dto: PaymentDto, txid: string, patienceMs = PATIENCE_MS): Promise<void> {
    const until = Date.now() + patienceMs;
    for (;;) {
      const transaction = await this.horizon.transaction(txid, ASK_CHAIN);
      if (transaction) return verifyPaymentTransaction(transaction, this.expected(dto));
      if (Date.now() + LOOK_AGAIN_MS > until) throw notFound(txid);
      await pause(LOOK_AGAIN_MS);
    }
  }

  /**
   * Searches the payer's history back to the creation of the payment, newest first, for a transaction with its identifier
   * as memo. "None" is said only where the history is complete and fresh (rule 6).
   *
   * @returns its hash, or undefined: there is none.
   * @throws PiUnavailableError the history is out of reach, so nothing can be said.
   */
  async search(dto: PaymentDto): Promise<string | undefined> {
    const horizonLedger = await this.checkReach(dto);
    let cursor: string | undefined;
    for (let page = 0; page < MOST_PAGES; page++) {
      const { records, next, ledger } = await this.horizon.transactions(dto.from_address, {
        order: 'desc',
        limit: PAGE,
        ...(cursor !== undefined && { cursor }),
      });
      if (ledger !== undefined && ledger < horizonLedger) throw outOfReach(dto, 'its pages are older than its ledger');
      const found = records.find((record) => remembers(record, dto.identifier));
      if (found) return found.innerHash ?? found.hash;
      const oldest = records.at(-1);
      if (next === undefined || (oldest && oldest.createdAt.getTime() < reachBack(dto))) return undefined;
      cursor = next;
    }
    throw outOfReach(dto, `it is longer than ${MOST_PAGES * PAGE} transactions`);
  }

  private expected(dto: PaymentDto): ExpectedPaymentTransaction {
    const { identifier: paymentId, to_address: destination, amount } = dto;
    return { passphrase: this.passphrase, paymentId, destination, amount };
  }

  /** That Horizon has read up to now, and forgotten nothing since the payment was created. */
  private async checkReach(dto: PaymentDto): Promise<number> {
    const { latestLedger, oldestLedger } = await this.horizon.network();
    const [newest, oldest] = await Promise.all([
      this.horizon.ledger(latestLedger),
      oldestLedger !== undefined && oldestLedger > 2 ? this.horizon.ledger(oldestLedger) : undefined,
    ]);
    if (!newest || Date.now() - newest.closedAt.getTime() > FRESH_MS) {
      throw outOfReach(dto, `its newest chain ledger closed at ${newest?.closedAt.toISOString() ?? 'an unknown time'}`);
    }
    if (oldest && oldest.closedAt.getTime() > reachBack(dto)) {
      throw outOfReach(dto, `it begins at ${oldest.closedAt.toISOString()}`);
    }
    return latestLedger;
  }
}

export function isNotFound(error: unknown): boolean {
  return error instanceof PiChainError && error.code === 'PI_TX_NOT_FOUND';
}

/** It is there, and it is another payment's, or failed: no waiting changes that. */
export function isNotIt(error: unknown): boolean {
  return error instanceof PiChainError && (error.code === 'PI_TX_MISMATCH' || error.code === 'PI_TX_FAILED');
}

function notFound(txid: string): PiChainError {
  return new PiChainError('PI_TX_NOT_FOUND', `Transaction ${txid} is not on the chain yet. Ask again in a moment.`, {
    details: { txid },
  });
}

function remembers({ memo }: ChainTransaction, id: string): boolean {
  return memo?.type === 'text' && memo.text === id;
}

function reachBack(dto: PaymentDto): number {
  return dto.created_at.getTime() - MARGIN_MS;
}

function outOfReach(dto: PaymentDto, why: string): PiUnavailableError {
  return new PiUnavailableError({
    reason: 'status',
    message: `Whether payment ${dto.identifier} was paid cannot be said: of the payer's history on the chain, ${why}.`,
    retryAfterMs: 60_000,
  });
}
