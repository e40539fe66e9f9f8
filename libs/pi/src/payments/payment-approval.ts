import { Logger } from '@nestjs/common';
import type { Pioneer } from '../auth/pioneer.js';
import type { PiAmountLike } from '../chain/pi-amount.js';
import { PiApiError } from '../errors/pi-api-error.js';
import { PiPaymentMismatchError } from '../errors/pi-payment-mismatch-error.js';
import { PiPaymentRefusedError } from '../errors/pi-payment-refused-error.js';
import { PiUnavailableError } from '../errors/pi-unavailable-error.js';
import { withDeadline } from '../ledger/deadline.js';
import { checkOwner, checkPrice, wrongState } from './payment-checks.js';
import type { PaymentCompletion } from './payment-completion.js';
import { TELL_PI } from './payment-calls.js';
import { isCancelled } from './payment-decision.js';
import type { PaymentParts } from './payment-parts.js';
import { toPayment, type PaymentRow } from './payment-row.js';

/** The SDK asks about every 10 s, and the wallet waits for 60 s. */
const LONGEST_ASK_MS = 10_000;

/** From a Pioneer's wish to pay to Pi's approval. */
export class PaymentApproval {
  readonly #logger = new Logger('PiPayments');

  constructor(
    private readonly parts: PaymentParts,
    private readonly completion: PaymentCompletion,
  ) {}

  /** @param amount what it has to be, where no handler says it. */
  async approve(id: string, pioneer: Pioneer, amount?: PiAmountLike): Promise<PaymentRow> {
    const { journal, lookups } = this.parts;
    const { row } = await journal.find(id);
    if (row) return this.again(row, pioneer, amount);
    const dto = await lookups.stranger(id, pioneer.uid);
    // Before it is entered: a stranger's wish leaves no trace.
    checkOwner({ id, uid: dto.user_uid }, pioneer);
    const seen = await journal.see(dto);
    return this.proceed(await this.completion.follow(seen, dto), pioneer, amount);
  }

  private async again(row: PaymentRow, pioneer: Pioneer, amount?: PiAmountLike): Promise<PaymentRow> {
    checkOwner(row, pioneer);
    if (!isUndecided(row)) return this.proceed(row, pioneer, amount);
    const dto = await this.parts.lookups.known(row.id);
    // What was approved is followed no further than a cancellation: whether it was paid is asked elsewhere.
    if (row.state === 'approved' && !isCancelled(dto)) return row;
    return this.proceed(await this.completion.follow(row, dto), pioneer, amount);
  }

  private async proceed(row: PaymentRow, pioneer: Pioneer, amount?: PiAmountLike): Promise<PaymentRow> {
    switch (row.state) {
      case 'seen':
        await this.ask(row, pioneer, amount);
        return this.tellPi(row, pioneer, amount);
      case 'approving':
        // It was agreed to and Pi may know: our yes stands, and Pi is told again.
        return this.tellPi(row, pioneer, amount);
      case 'approved':
      case 'completing':
      case 'completed':
      case 'delivered':
        return row;
      case 'refused':
        throw new PiPaymentRefusedError(row.refusal ?? 'it was refused');
      case 'cancelled':
      case 'needs_review':
        throw wrongState(row.id, 'open', row.state);
      default:
        return row.state satisfies never;
    }
  }

  /** The app's word. Only a refusal is final; any other error leaves the payment as it is. */
  private async ask(row: PaymentRow, pioneer: Pioneer, given?: PiAmountLike): Promise<void> {
    const handler = this.parts.handlers.get('approve');
    try {
      const amount = handler
        ? (await this.inTime(row.id, async () => handler(toPayment(row), pioneer)))?.amount
        : given;
      checkPrice(row, amount, handler !== undefined);
    } catch (error) {
      if (error instanceof PiPaymentRefusedError) await this.parts.journal.refuse(row.id, error.reason);
      if (error instanceof PiPaymentMismatchError) await this.parts.journal.refuse(row.id, error.message);
      throw error;
    }
  }

  /** All callbacks of a payment wait for one answer: a handler that hangs would keep it from ever being approved. */
  private inTime<T>(id: string, ask: () => Promise<T>): Promise<T> {
    const ms = Math.min(this.parts.times.handlerMs, LONGEST_ASK_MS);
    return withDeadline(ask(), ms, () => {
      this.#logger.error(`The 'approve' handler did not answer for payment ${id} within ${ms} ms. It is asked again.`);
      return new PiUnavailableError({ reason: 'timeout', message: 'The app did not decide in time. Ask again.' });
    });
  }

  private async tellPi(row: PaymentRow, pioneer: Pioneer, amount?: PiAmountLike): Promise<PaymentRow> {
    const { journal, platform, unsettledMs, unsignedMs } = this.parts;
    const begun = await journal.beginApproval(row.id, unsettledMs);
    // Somebody was faster. States only move on, so this ends.
    if (!begun) return this.proceed(await this.completion.reload(row), pioneer, amount);
    try {
      await platform.approvePayment(row.id, TELL_PI);
    } catch (error) {
      if (!(error instanceof PiApiError)) throw error;
      const now = await this.afterRefusal(begun, error);
      if (now.state !== 'approving') return this.proceed(now, pioneer, amount);
    }
    return (await journal.noteApproved(row.id, unsignedMs)) ?? this.completion.reload(row);
  }

  /** `already_approved` is what we want, if it is so: Pi is asked, never taken by its code. */
  private async afterRefusal(row: PaymentRow, error: PiApiError): Promise<PaymentRow> {
    const dto = await this.parts.lookups.known(row.id);
    const now = await this.completion.follow(row, dto);
    if (now.state === 'approving' && !dto.status.developer_approved) throw error;
    return now;
  }
}

function isUndecided({ state }: PaymentRow): boolean {
  return state === 'seen' || state === 'approving' || state === 'approved';
}
