import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { PiApiError } from '../errors/pi-api-error.js';
import { PiChainError } from '../errors/pi-chain-error.js';
import type { PaymentDto } from '../platform/payment.dto.js';
import { wrongState } from './payment-checks.js';
import { decide, difference, isCancelled } from './payment-decision.js';
import { TELL_PI } from './payment-calls.js';
import type { PaymentParts } from './payment-parts.js';
import type { PaymentRow } from './payment-row.js';

/** Refusals of `/complete` that repeating does not change. */
const FINAL_REFUSALS: ReadonlySet<string | undefined> = new Set([
  'cancelled_payment',
  'payment_not_found',
  'txid_mismatch',
  'verification_failed',
]);
/** How long the answer to a callback waits for the delivery. */
const DELIVERY_MS = 1_000;

/** From evidence of a payment's money to its delivery, and the other ways Pi's answers lead to. */
export class PaymentCompletion {
  readonly #logger = new Logger('PiPayments');

  constructor(private readonly parts: PaymentParts) {}

  /**
   * Follows a fresh answer of Pi, as far as it leads.
   *
   * @returns the payment afterwards; the same row when there was nothing to follow.
   */
  async follow(row: PaymentRow, dto: PaymentDto): Promise<PaymentRow> {
    const { journal, handlers, unsignedMs } = this.parts;
    const decision = decide(row, dto);
    switch (decision.next) {
      case 'wait':
        return row;
      case 'note_approved':
        return (await journal.noteApproved(row.id, unsignedMs)) ?? this.reload(row);
      case 'complete':
        return row.state === 'completing' ? this.finish(row, dto) : this.complete(row, dto, decision.txid);
      case 'note_completed':
        return this.finish(row, dto);
      case 'note_cancelled': {
        const isToTell = handlers.get('cancelled') !== undefined;
        const cancelled = await journal.noteCancelled(row.id, isToTell, unsignedMs);
        if (!cancelled) return this.reload(row);
        return isToTell ? this.handOver(cancelled) : cancelled;
      }
      case 'deliver':
        return this.handOver(row);
      case 'review':
        return this.giveToReview(row, decision.reason);
      default:
        return decision satisfies never;
    }
  }

  /**
   * Checks the transaction on the chain, binds it, and tells Pi. A forged txid never reaches Pi, where it would be linked
   * for good.
   */
  async complete(row: PaymentRow, dto: PaymentDto, txid: string): Promise<PaymentRow> {
    const { journal, transactions, unsettledMs } = this.parts;
    const changed = difference(row, dto);
    if (changed) {
      await this.giveToReview(row, changed);
      throw wrongState(row.id, 'approved', 'needs_review');
    }
    try {
      await transactions.verify(dto, txid);
    } catch (error) {
      // Pi itself names this transaction, and it pays something else: neither completing nor forgetting it would be right.
      if (dto.transaction?.txid === txid && error instanceof PiChainError && error.code === 'PI_TX_MISMATCH') {
        await this.giveToReview(row, `Pi names a transaction that does not pay it: ${error.message}`);
      }
      throw error;
    }
    const begun = await journal.beginCompletion(row.id, txid, unsettledMs);
    if (begun) return this.finish(begun, dto);
    return this.overtaken(await this.reload(row), txid);
  }

  /** Somebody moved the payment on while its transaction was being verified. */
  private async overtaken(now: PaymentRow, txid: string): Promise<PaymentRow> {
    if (now.txid !== undefined && now.txid !== txid) {
      throw new PiChainError('PI_TX_TAKEN', `Payment ${now.id} is bound to another transaction.`);
    }
    if (now.txid !== undefined) return now;
    await this.giveToReview(now, `it was paid by transaction ${txid}, although ${now.state}`);
    throw wrongState(now.id, 'approved', now.state);
  }

  /** A person has to look at it: said loudly, once. */
  async giveToReview(row: PaymentRow, reason: string): Promise<PaymentRow> {
    const reviewed = await this.parts.journal.review(row, reason);
    if (reviewed)
      this.#logger.error(`Payment ${row.id} needs review: ${reason}. Decide with PaymentsService.resolve().`);
    return reviewed ?? this.reload(row);
  }

  /**
   * Delivers, and waits for it a moment: the journal has it due in any case. What has failed comes at its own time: whoever
   * knows the identifier could run the handler again and again otherwise.
   */
  async handOver(row: PaymentRow): Promise<PaymentRow> {
    if (row.trouble !== undefined) return row;
    const waiting = new AbortController();
    const delivered = this.parts.delivery.run(row).finally(() => waiting.abort());
    const late = pause(DELIVERY_MS, undefined, { signal: waiting.signal }).catch(() => undefined);
    return (await Promise.race([delivered, late.then(() => undefined)])) ?? row;
  }

  async reload(row: PaymentRow): Promise<PaymentRow> {
    const { row: now } = await this.parts.journal.find(row.id);
    return now ?? row;
  }

  /** Tells Pi of a bound transaction, unless Pi knows, and goes on to the delivery. */
  private async finish(row: PaymentRow, dto: PaymentDto): Promise<PaymentRow> {
    if (!dto.status.developer_completed) await this.tellPi(row);
    const completed = await this.parts.journal.noteCompleted(row.id);
    return completed ? this.handOver(completed) : this.reload(row);
  }

  /**
   * A person decided to deliver. As long as Pi shows the payment incomplete its Pioneer cannot make another, so Pi is told;
   * where Pi refuses, the decision stands.
   */
  async tellPiAnyway(dto: PaymentDto, txid: string): Promise<void> {
    if (dto.status.developer_completed || isCancelled(dto)) return;
    try {
      await this.parts.platform.completePayment(dto.identifier, txid, TELL_PI);
    } catch (error) {
      if (!(error instanceof PiApiError)) throw error;
      this.#logger.warn(
        `Pi refuses to complete payment ${dto.identifier}, which is delivered all the same: ${error.message}`,
      );
    }
  }

  private async tellPi(row: PaymentRow): Promise<void> {
    try {
      await this.parts.platform.completePayment(row.id, row.txid as string, TELL_PI);
    } catch (error) {
      if (!(error instanceof PiApiError)) throw error;
      await this.weighRefusal(row, error);
    }
  }

  /** Pi refused: what is true now is asked, never guessed from the code. Returns only when Pi has completed it. */
  private async weighRefusal(row: PaymentRow, error: PiApiError): Promise<void> {
    const dto = await this.parts.lookups.known(row.id);
    const decision = decide(row, dto);
    if (decision.next === 'note_completed') return;
    if (decision.next === 'review') await this.giveToReview(row, decision.reason);
    else if (FINAL_REFUSALS.has(error.platformCode)) {
      const why = [error.platformCode, error.verificationError].filter(Boolean).join(', ');
      await this.giveToReview(
        row,
        `its transaction ${row.txid} is on the chain, but Pi refuses to complete it (${why})`,
      );
    } else throw error;
    throw wrongState(row.id, 'completing', 'needs_review');
  }
}
