import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import type { Pioneer } from '../auth/pioneer.js';
import { PiChainError } from '../errors/pi-chain-error.js';
import type { PaymentDto } from '../platform/payment.dto.js';
import { ClientErrors } from './client-errors.js';
import { PaymentApproval } from './payment-approval.js';
import { PaymentCancellation } from './payment-cancellation.js';
import { wrongState } from './payment-checks.js';
import { PaymentCompletion } from './payment-completion.js';
import type { JournaledPaymentFlow, PiApproveOptions } from './payment-flow.js';
import type { PaymentParts } from './payment-parts.js';
import { listPayments } from './payment-listing.js';
import { PaymentReconciler } from './payment-reconciler.js';
import type { PiPaymentState } from './payment-state.js';
import { toPaymentRecord, type PaymentRow } from './payment-row.js';
import { isNotFound, isNotIt } from './payment-transactions.js';
import type { PiPaymentFilter, PiPaymentPage, PiPaymentRecord, PiPaymentResolution } from './pi-payment-record.js';
import { toPlainRecord } from './plain-record.js';
import { SingleFlight } from './single-flight.js';
import { untilAborted } from './until-aborted.js';

/** States in which no money may have moved. */
const UNPAID: ReadonlySet<PiPaymentState> = new Set(['seen', 'approving', 'cancelled', 'refused']);

/** `dto` where Pi had to be asked for it. */
type Known = { readonly row: PaymentRow; readonly dto?: PaymentDto };
type Options = { readonly signal?: AbortSignal | undefined };

/** The flow with a journal: every step is on disk before Pi is told, and every call may be repeated. */
export class JournaledPayments implements JournaledPaymentFlow, OnApplicationBootstrap, BeforeApplicationShutdown {
  /** One request in flight for an identifier and what is asked of it; callers share the answer (rule 7). */
  readonly #flights = new SingleFlight<PaymentRow>();
  /** One entry under way for an identifier the journal did not know, whatever is asked of it. */
  readonly #entries = new SingleFlight<Known>();
  readonly #completion: PaymentCompletion;
  readonly #approval: PaymentApproval;
  readonly #cancellation: PaymentCancellation;
  readonly #reconciler: PaymentReconciler;
  readonly #clientErrors: ClientErrors;

  constructor(private readonly parts: PaymentParts) {
    this.#completion = new PaymentCompletion(parts);
    this.#approval = new PaymentApproval(parts, this.#completion);
    this.#cancellation = new PaymentCancellation(parts, this.#completion);
    this.#reconciler = new PaymentReconciler(parts, this.#completion, this.#cancellation);
    this.#clientErrors = new ClientErrors(parts.journal);
  }

  onApplicationBootstrap(): void {
    this.#reconciler.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#flights.idle();
    await this.#reconciler.stop();
  }

  async get(id: string, options: Options = {}): Promise<PiPaymentRecord> {
    const { row } = await this.parts.journal.find(id);
    return row
      ? toPaymentRecord(row)
      : toPlainRecord(await untilAborted(() => this.parts.lookups.stranger(id), options.signal));
  }

  approve(id: string, pioneer: Pioneer, { amount, signal }: PiApproveOptions = {}): Promise<PiPaymentRecord> {
    const key = `approve ${id} ${pioneer.uid} ${amount ?? ''}`;
    return this.#shared(key, () => this.#approval.approve(id, pioneer, amount), { signal });
  }

  complete(id: string, txid: string, options: Options = {}): Promise<PiPaymentRecord> {
    return this.#shared(`complete ${id} ${txid}`, () => this.#complete(id, txid), options);
  }

  cancel(id: string, options: Options = {}): Promise<PiPaymentRecord> {
    const work = async (): Promise<PaymentRow> => {
      const { row, dto } = await this.#fresh(await this.#known(id));
      return this.#cancellation.cancel(await this.#completion.follow(row, dto), dto);
    };
    return this.#shared(`cancel ${id}`, work, options);
  }

  synchronise(id: string, options: Options = {}): Promise<PiPaymentRecord> {
    const work = async (): Promise<PaymentRow> => {
      const { row, dto } = await this.#fresh(await this.#known(id));
      return this.#completion.follow(row, dto);
    };
    return this.#shared(`synchronise ${id}`, work, options);
  }

  recoverIncomplete(id: string, txid?: string, options: Options = {}): Promise<PiPaymentRecord> {
    return this.#shared(`incomplete ${id} ${txid ?? ''}`, () => this.#recover(id, txid), options);
  }

  async noteClientError(id: string, text: string): Promise<PiPaymentRecord> {
    const { row } = await this.#known(id);
    return toPaymentRecord(await this.#clientErrors.note(row, text));
  }

  list(filter: PiPaymentFilter): Promise<PiPaymentPage> {
    return listPayments(this.parts.ledger, this.parts.app, filter);
  }

  retry(id: string): Promise<PiPaymentRecord> {
    return this.#shared(`retry ${id}`, async () => this.#reconciler.take((await this.#known(id)).row), {});
  }

  async resolve(id: string, resolution: PiPaymentResolution): Promise<PiPaymentRecord> {
    const { row, dto } = await this.#fresh(await this.#known(id));
    if (row.state !== 'needs_review') throw wrongState(id, 'needs_review', row.state);
    const resolved = await (resolution.action === 'dismiss'
      ? this.parts.journal.dismiss(id, resolution.by)
      : this.#overrule(row, dto, resolution));
    if (!resolved) throw wrongState(id, 'needs_review', (await this.#completion.reload(row)).state);
    return toPaymentRecord(resolution.action === 'deliver' ? await this.#completion.handOver(resolved) : resolved);
  }

  async #overrule(row: PaymentRow, dto: PaymentDto, { txid, by }: { txid?: string; by: string }) {
    const paidBy = txid ?? row.txid ?? dto.transaction?.txid ?? (await this.parts.transactions.search(dto));
    if (paidBy === undefined) {
      throw new PiChainError(
        'PI_TX_NOT_FOUND',
        `The chain holds no transaction of payment ${row.id}: it was not paid.`,
      );
    }
    await this.parts.transactions.verify(dto, paidBy);
    await this.#completion.tellPiAnyway(dto, paidBy);
    return this.parts.journal.overrule(row.id, paidBy, by);
  }

  /** Rule 4. */
  async #complete(id: string, txid: string): Promise<PaymentRow> {
    const known = await this.#known(id, txid);
    if (known.row.state === 'delivered') return known.row;
    if (known.row.state === 'completed') return this.#completion.handOver(known.row);
    const { row, dto } = await this.#fresh(known);
    const followed = await this.#completion.follow(row, dto);
    const now = followed.state === 'approved' ? await this.#completion.complete(followed, dto, txid) : followed;
    switch (now.state) {
      case 'completed':
      case 'delivered':
        return now;
      case 'seen':
      case 'approving':
      case 'cancelled':
      case 'refused':
        await this.#paidAnyway(now, dto, txid);
        throw wrongState(id, 'approved', now.state);
      case 'approved':
      case 'completing':
      case 'needs_review':
        throw wrongState(id, 'approved', now.state);
      default:
        return now.state satisfies never;
    }
  }

  /** Rule 8: what should not have been paid, and was. */
  async #paidAnyway(row: PaymentRow, dto: PaymentDto, txid: string): Promise<PaymentRow> {
    if (row.resolution) return row;
    try {
      await this.parts.transactions.verify(dto, txid, 0);
    } catch (error) {
      if (isNotFound(error) || isNotIt(error)) return row;
      throw error;
    }
    return this.#completion.giveToReview(row, `it was paid by transaction ${txid}, although ${row.state}`);
  }

  /** Rule 6. */
  async #recover(id: string, txid: string | undefined): Promise<PaymentRow> {
    const { journal, times } = this.parts;
    const { row, dto } = await this.#fresh(await this.#known(id, txid));
    const followed = await this.#completion.follow(row, dto);
    const now =
      txid !== undefined && UNPAID.has(followed.state) ? await this.#paidAnyway(followed, dto, txid) : followed;
    if (now.state !== 'seen' && now.state !== 'approving' && now.state !== 'approved') return now;
    if (now.state === 'approved' && txid !== undefined) {
      try {
        return await this.#completion.complete(now, dto, txid);
      } catch (error) {
        if (!isNotFound(error) && !isNotIt(error)) throw error;
      }
    }
    const ripeMs = now.createdAt.getTime() + times.abandonAfterMs - Date.now();
    return (await journal.markIncomplete(id, Math.max(0, ripeMs))) ?? this.#completion.reload(now);
  }

  /** The payment in the journal; entered when Pi knows it as ours. */
  async #known(id: string, txid?: string): Promise<Known> {
    const { journal, lookups } = this.parts;
    const { row, txidHolder } = await journal.find(id, txid);
    if (txidHolder !== undefined) throw txidTaken(txid as string);
    if (row) return { row };
    return this.#entries.run(id, async () => {
      const dto = await lookups.stranger(id);
      return { row: await journal.see(dto), dto };
    });
  }

  async #fresh({ row, dto }: Known): Promise<Required<Known>> {
    return { row, dto: dto ?? (await this.parts.lookups.known(row.id)) };
  }

  async #shared(key: string, work: () => Promise<PaymentRow>, { signal }: Options): Promise<PiPaymentRecord> {
    return toPaymentRecord(await untilAborted(() => this.#flights.run(key, work), signal));
  }
}

function txidTaken(txid: string): PiChainError {
  return new PiChainError('PI_TX_TAKEN', `Transaction ${txid} belongs to another payment.`, { details: { txid } });
}
