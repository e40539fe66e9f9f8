import type { PiHorizonClient } from '../chain/horizon-client.js';
import type { Pioneer } from '../auth/pioneer.js';
import { PiApiError } from '../errors/pi-api-error.js';
import { PiPaymentMismatchError } from '../errors/pi-payment-mismatch-error.js';
import type { PiNetwork } from '../pi.options.js';
import type { PaymentDto } from '../platform/payment.dto.js';
import type { PiPlatformClient } from '../platform/platform.client.js';
import { toPiPayment } from '../platform/to-pi-payment.js';
import { checkKind, checkOwner, checkPrice, wrongState } from './payment-checks.js';
import { isCancelled } from './payment-decision.js';
import type { PaymentFlow, PiApproveOptions } from './payment-flow.js';
import type { PaymentHandlerRegistry } from './payment-handler.registry.js';
import { PaymentTransactions } from './payment-transactions.js';
import type { PiPaymentRecord } from './pi-payment-record.js';
import { toPlainRecord } from './plain-record.js';
import { untilAborted } from './until-aborted.js';

type Options = { readonly signal?: AbortSignal | undefined };

export interface PlainPaymentsInit {
  readonly network: PiNetwork;
  readonly passphrase: string;
  readonly platform: PiPlatformClient;
  readonly horizon: PiHorizonClient;
  readonly handlers: PaymentHandlerRegistry;
}

/** The flow without a journal: every check that Pi and the chain alone can answer. What was delivered, the app knows. */
export class PlainPayments implements PaymentFlow {
  readonly #network: PiNetwork;
  readonly #platform: PiPlatformClient;
  readonly #handlers: PaymentHandlerRegistry;
  readonly #transactions: PaymentTransactions;

  constructor({ network, passphrase, platform, horizon, handlers }: PlainPaymentsInit) {
    this.#network = network;
    this.#platform = platform;
    this.#handlers = handlers;
    this.#transactions = new PaymentTransactions(horizon, passphrase);
  }

  async get(id: string, options: Options = {}): Promise<PiPaymentRecord> {
    return toPlainRecord(await this.#platform.getPayment(id, options));
  }

  approve(id: string, pioneer: Pioneer, { amount, signal }: PiApproveOptions = {}): Promise<PiPaymentRecord> {
    const work = async (): Promise<PiPaymentRecord> => {
      const dto = await this.#fetch(id);
      checkOwner({ id, uid: dto.user_uid }, pioneer);
      if (isCancelled(dto)) throw wrongState(id, 'open', 'cancelled');
      const payment = toPiPayment(dto);
      const handler = this.#handlers.get('approve');
      const required = handler ? (await handler(payment, pioneer))?.amount : amount;
      checkPrice(payment, required, handler !== undefined);
      if (dto.status.developer_approved) return toPlainRecord(dto);
      return toPlainRecord(await this.#tellApproved(id));
    };
    return untilAborted(work, signal);
  }

  complete(id: string, txid: string, { signal }: Options = {}): Promise<PiPaymentRecord> {
    return untilAborted(() => this.#complete(id, txid), signal);
  }

  cancel(id: string, { signal }: Options = {}): Promise<PiPaymentRecord> {
    const work = async (): Promise<PiPaymentRecord> => {
      const dto = await this.#fetch(id);
      if (isCancelled(dto) || dto.status.developer_completed) return toPlainRecord(dto);
      const txid = dto.transaction?.txid ?? (await this.#transactions.search(dto));
      // Paid: cancelling would take the buyer's money.
      if (txid !== undefined) return this.#complete(id, txid);
      return toPlainRecord(await this.#platform.cancelPayment(id));
    };
    return untilAborted(work, signal);
  }

  async synchronise(id: string, options: Options = {}): Promise<PiPaymentRecord> {
    return toPlainRecord(await this.#fetch(id, options));
  }

  recoverIncomplete(id: string, txid?: string, { signal }: Options = {}): Promise<PiPaymentRecord> {
    const work = async (): Promise<PiPaymentRecord> => {
      const dto = await this.#fetch(id);
      const paidBy = dto.transaction?.txid ?? txid;
      const open = dto.status.developer_approved && !dto.status.developer_completed && !isCancelled(dto);
      return open && paidBy !== undefined ? this.#complete(id, paidBy) : toPlainRecord(dto);
    };
    return untilAborted(work, signal);
  }

  async #complete(id: string, hint: string): Promise<PiPaymentRecord> {
    const dto = await this.#fetch(id);
    const txid = dto.transaction?.txid ?? hint;
    if (dto.status.developer_completed) return completedBy(hint, dto);
    if (isCancelled(dto)) throw wrongState(id, 'approved', 'cancelled');
    if (!dto.status.developer_approved) throw wrongState(id, 'approved', 'seen');
    await this.#transactions.verify(dto, txid);
    try {
      return toPlainRecord(await this.#platform.completePayment(id, txid));
    } catch (error) {
      if (!(error instanceof PiApiError)) throw error;
      const now = await this.#fetch(id);
      if (!now.status.developer_completed) throw error;
      return completedBy(txid, now);
    }
  }

  /** `already_approved` is what we want, if it is so. */
  async #tellApproved(id: string): Promise<PaymentDto> {
    try {
      return await this.#platform.approvePayment(id);
    } catch (error) {
      if (!(error instanceof PiApiError)) throw error;
      const now = await this.#fetch(id);
      if (!now.status.developer_approved || isCancelled(now)) throw error;
      return now;
    }
  }

  async #fetch(id: string, options: Options = {}): Promise<PaymentDto> {
    const dto = await this.#platform.getPayment(id, options);
    checkKind(dto, this.#network);
    return dto;
  }
}

/** Completed before: a repeated callback, if it names the same transaction. */
function completedBy(txid: string, dto: PaymentDto): PiPaymentRecord {
  const linked = dto.transaction?.txid ?? 'none';
  if (linked === txid) return toPlainRecord(dto);
  throw new PiPaymentMismatchError({ paymentId: dto.identifier, field: 'txid', expected: linked, actual: txid });
}
