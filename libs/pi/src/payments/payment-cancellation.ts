import { PiApiError } from '../errors/pi-api-error.js';
import type { PaymentDto } from '../platform/payment.dto.js';
import type { PaymentCompletion } from './payment-completion.js';
import { TELL_PI } from './payment-calls.js';
import type { PaymentParts } from './payment-parts.js';
import type { PaymentRow } from './payment-row.js';
import type { PiPaymentState } from './payment-state.js';

const OPEN: ReadonlySet<PiPaymentState> = new Set(['seen', 'approving', 'approved', 'refused']);

/**
 * Cancelling at Pi. A payment that is signed but not linked is cancelled there without a word, and the buyer's money is
 * gone: so the payer's history on the chain is searched first, every time (rules 5 and 6).
 */
export class PaymentCancellation {
  constructor(
    private readonly parts: PaymentParts,
    private readonly completion: PaymentCompletion,
  ) {}

  /**
   * @param dto fresh, and followed already.
   * @param notBefore the chain has to have gone on until then.
   * @returns the payment afterwards: cancelled, or completed where it turned out to be paid.
   * @throws PiUnavailableError the history is out of reach; nothing was cancelled.
   */
  async cancel(row: PaymentRow, dto: PaymentDto, notBefore?: Date): Promise<PaymentRow> {
    if (!OPEN.has(row.state) || row.resolution) return row;
    const txid = await this.parts.transactions.search(dto, notBefore);
    return txid === undefined ? this.tellPi(row) : this.paidAfterAll(row, dto, txid);
  }

  /** Incomplete, without a transaction, and old enough that no wallet is still open on it. */
  isAbandoned(row: PaymentRow): boolean {
    const { abandonAfterMs } = this.parts.times;
    return row.incompleteAt !== undefined && Date.now() - row.createdAt.getTime() > abandonAfterMs;
  }

  /** `isAbandoned` goes by our clock; the chain has to have gone on as long by its own. */
  cancelAbandoned(row: PaymentRow, dto: PaymentDto): Promise<PaymentRow> {
    return this.cancel(row, dto, new Date(dto.created_at.getTime() + this.parts.times.abandonAfterMs));
  }

  /**
   * Looks at the chain once more, some time after a payment was cancelled: what was signed in that very moment, or while
   * somebody cancelled by hand, came all the same (rule 8).
   */
  async lookBack(row: PaymentRow): Promise<PaymentRow> {
    const dto = await this.parts.lookups.known(row.id);
    const now = await this.completion.follow(row, dto);
    if (now.state !== 'cancelled') return now;
    const txid = await this.parts.transactions.search(dto);
    if (txid !== undefined) {
      return this.completion.giveToReview(row, `it was paid by transaction ${txid}, although cancelled`);
    }
    return (
      (await this.parts.journal.noteLooked(row.id, this.parts.delivery.isToTell(row))) ?? this.completion.reload(row)
    );
  }

  private async tellPi(row: PaymentRow): Promise<PaymentRow> {
    const { journal, platform, lookups, unsettledMs } = this.parts;
    const asked = await journal.askCancel(row.id, unsettledMs);
    if (!asked) return this.completion.reload(row);
    try {
      await platform.cancelPayment(row.id, TELL_PI);
    } catch (error) {
      if (!(error instanceof PiApiError)) throw error;
      const dto = await lookups.known(row.id);
      const now = await this.completion.follow(asked, dto);
      // Cancelled before, or paid in this very moment: followed. Otherwise the refusal stands.
      if (now.state === asked.state && !dto.status.cancelled) throw error;
      return now;
    }
    return this.completion.follow(asked, await lookups.known(row.id));
  }

  private async paidAfterAll(row: PaymentRow, dto: PaymentDto, txid: string): Promise<PaymentRow> {
    const { completion } = this;
    if (row.state === 'approved') return completion.complete(row, dto, txid);
    return completion.giveToReview(row, `transaction ${txid} carries its identifier, although it is ${row.state} here`);
  }
}
