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
   * @returns the payment afterwards: cancelled, or completed where it turned out to be paid.
   * @throws PiUnavailableError the history is out of reach; nothing was cancelled.
   */
  async cancel(row: PaymentRow, dto: PaymentDto): Promise<PaymentRow> {
    if (!OPEN.has(row.state)) return row;
    const txid = await this.parts.transactions.search(dto);
    return txid === undefined ? this.tellPi(row) : this.paidAfterAll(row, dto, txid);
  }

  /** Incomplete, without a transaction, and old enough that no wallet is still open on it. */
  isAbandoned(row: PaymentRow): boolean {
    const { abandonAfterMs } = this.parts.times;
    return row.incompleteAt !== undefined && Date.now() - row.createdAt.getTime() > abandonAfterMs;
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
