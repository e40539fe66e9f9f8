import { setTimeout as pause } from 'node:timers/promises';
import type { ChainTransaction } from '../chain/chain-transaction.js';
import type { PiHorizonClient } from '../chain/horizon-client.js';
import { verifyPaymentTransaction, type ExpectedPaymentTransaction } from '../chain/verify-payment-transaction.js';
import { PiChainError } from '../errors/pi-chain-error.js';
import { PiUnavailableError } from '../errors/pi-unavailable-error.js';
import type { PaymentDto } from '../platform/payment.dto.js';
import { Lanes } from './lanes.js';
import { ASK_CHAIN } from './payment-calls.js';

/** A txid the SDK has just named may not be ingested by Horizon yet: how long it is looked for (rule 4). */
const PATIENCE_MS = 1_500;
const LOOK_AGAIN_MS = 300;
/** Anybody who knows a payment can name transactions for it: so many are looked for at a time. */
const TXIDS_OF_A_PAYMENT = 4;
/** A history is read to its end or not believed. */
const PAGE = 200;
const MOST_PAGES = 25;
/** A Horizon whose newest chain ledger is older lags: a payment could be in what it has not read yet. */
const FRESH_MS = 60_000;
/** Pi's clock and the chain's need not agree. */
const MARGIN_MS = 10 * 60_000;

/** What the chain says about the money of a U2A payment. */
export class PaymentTransactions {
  readonly #lanes = new Lanes('Too many transactions are being looked up for this payment. Ask again in a second.');

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
    return this.#lanes.run(dto.identifier, TXIDS_OF_A_PAYMENT, async () => {
      for (;;) {
        const transaction = await this.horizon.transaction(txid, ASK_CHAIN);
        if (transaction) return verifyPaymentTransaction(transaction, this.expected(dto));
        if (Date.now() + LOOK_AGAIN_MS > until) throw notFound(txid);
        await pause(LOOK_AGAIN_MS);
      }
    });
  }

  /**
   * Searches the payer's history back to the creation of the payment, newest first, for the transaction that pays it. "None"
   * is said only where the history is complete and fresh, and nothing in it carries the identifier (rule 6).
   *
   * @param notBefore the chain has to have gone on until then, whatever our own clock says.
   * @returns its hash, or undefined: there is none.
   * @throws PiChainError PI_TX_MISMATCH: what carries the identifier pays something else.
   * @throws PiUnavailableError the history is out of reach, so nothing can be said.
   */
  async search(dto: PaymentDto, notBefore?: Date): Promise<string | undefined> {
    const { latestLedger, sequence } = await this.checkReach(dto, notBefore);
    let cursor: string | undefined;
    let used: bigint | undefined;
    let doubt: PiChainError | undefined;
    for (let page = 0; page < MOST_PAGES; page++) {
      const { records, next, ledger } = await this.horizon.transactions(dto.from_address, {
        order: 'desc',
        limit: PAGE,
        includeFailed: true,
        ...(cursor !== undefined && { cursor }),
      });
      if (ledger !== undefined && ledger < latestLedger) throw outOfReach(dto, 'its pages are older than its ledger');
      for (const record of records.filter((one) => one.successful && remembers(one, dto.identifier))) {
        const wrong = await this.whyNot(record, dto);
        if (!wrong) return record.innerHash ?? record.hash;
        doubt ??= wrong;
      }
      used ??= records.find(({ sourceAccount }) => sourceAccount === dto.from_address)?.sequence;
      const oldest = records.at(-1);
      const isBack = used !== undefined && oldest !== undefined && oldest.createdAt.getTime() < reachBack(dto);
      if (next === undefined || isBack) {
        if (doubt) throw doubt;
        if (!isWhole(used, sequence)) throw outOfReach(dto, 'the newest transactions of the account are missing');
        return undefined;
      }
      cursor = next;
    }
    throw outOfReach(dto, `it is longer than ${MOST_PAGES * PAGE} transactions`);
  }

  /** Anybody can send dust with somebody's identifier as memo: why a transaction is not the payment, undefined if it is. */
  private async whyNot(record: ChainTransaction, dto: PaymentDto): Promise<PiChainError | undefined> {
    try {
      await verifyPaymentTransaction(record, this.expected(dto));
      return undefined;
    } catch (error) {
      if (isNotIt(error)) return error;
      throw error;
    }
  }

  private expected(dto: PaymentDto): ExpectedPaymentTransaction {
    const { identifier: paymentId, to_address: destination, amount } = dto;
    return { passphrase: this.passphrase, paymentId, destination, amount };
  }

  /** That Horizon has read up to now, and forgotten nothing since the payment was created. */
  private async checkReach(dto: PaymentDto, notBefore: Date | undefined) {
    const { latestLedger, oldestLedger } = await this.horizon.network();
    const [newest, oldest, payer] = await Promise.all([
      this.horizon.ledger(latestLedger),
      oldestLedger !== undefined && oldestLedger > 2 ? this.horizon.ledger(oldestLedger) : undefined,
      this.horizon.account(dto.from_address),
    ]);
    if (!newest || Date.now() - newest.closedAt.getTime() > FRESH_MS) {
      throw outOfReach(dto, `its newest chain ledger closed at ${newest?.closedAt.toISOString() ?? 'an unknown time'}`);
    }
    if (notBefore && newest.closedAt < notBefore) {
      throw outOfReach(dto, `it ends at ${newest.closedAt.toISOString()}, before ${notBefore.toISOString()}`);
    }
    if (oldest && oldest.closedAt.getTime() > reachBack(dto)) {
      throw outOfReach(dto, `it begins at ${oldest.closedAt.toISOString()}`);
    }
    if (!payer || payer.ledger < latestLedger) throw outOfReach(dto, 'the account itself is not up to date');
    return { latestLedger, sequence: payer.sequence };
  }
}

/**
 * Whether a listing is as new as the account: replicas lag, and a listing does not say as of when it is. Everything the
 * account itself sent has used up a sequence number.
 *
 * @param used the highest in the listing; undefined: the account sent nothing, ever.
 * @param sequence the account's.
 */
function isWhole(used: bigint | undefined, sequence: bigint): boolean {
  // An account begins with the number of the ledger it was created in, in the upper 32 bits.
  return used === undefined ? (sequence & 0xffff_ffffn) === 0n : used >= sequence;
}

export function isNotFound(error: unknown): boolean {
  return error instanceof PiChainError && error.code === 'PI_TX_NOT_FOUND';
}

/** It is there, and it is another payment's, or failed: no waiting changes that. */
export function isNotIt(error: unknown): error is PiChainError {
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
