import { Logger } from '@nestjs/common';
import { withCauses } from '../errors/with-causes.js';
import type { PaymentCancellation } from './payment-cancellation.js';
import type { PaymentCompletion } from './payment-completion.js';
import { pauseAfter } from './payment-delivery.js';
import type { PaymentParts } from './payment-parts.js';
import type { PaymentRow } from './payment-row.js';
import type { PaymentWork } from './payment-state.js';

/** Payments worked on at a time, and as many that wait for a handler of the app. */
const AT_A_TIME = 20;
/** Nobody else takes them meanwhile. */
const CLAIM_MS = 30_000;
const LONGEST_WATCH_MS = 6 * 60 * 60_000;
/** A payment nobody signed in a week is not watched any more. A callback still finds it. */
const WATCHED_FOR_MS = 7 * 24 * 60 * 60_000;
/** How long a shutdown waits for what is under way. What is cut off is due again at the next start. */
const DRAIN_MS = 10_000;

/**
 * Takes the steps that no callback takes: after a crash or an outage of Pi, for a Pioneer who signed and closed the
 * browser, for handlers that threw. It runs at boot and on a schedule, on as many instances as there are.
 */
export class PaymentReconciler {
  readonly #logger = new Logger('PiPaymentReconciler');
  readonly #running: Record<PaymentWork, Set<Promise<void>>> = { handlers: new Set(), library: new Set() };
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | undefined;
  #stopped = true;
  /** Said once an outage, not once a sweep. */
  #away = false;

  constructor(
    private readonly parts: PaymentParts,
    private readonly completion: PaymentCompletion,
    private readonly cancellation: PaymentCancellation,
  ) {}

  start(): void {
    this.#stopped = false;
    this.#next(0);
  }

  /** Takes nothing new, and waits for what is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#sweeping;
    const { handlers, library } = this.#running;
    const idle = Promise.all([...handlers, ...library, this.parts.delivery.idle()]);
    let late: NodeJS.Timeout | undefined;
    await Promise.race([idle, new Promise((resolve) => (late = setTimeout(resolve, DRAIN_MS)))]);
    clearTimeout(late);
  }

  /** One step of one payment, now. */
  async take(row: PaymentRow): Promise<PaymentRow> {
    if (row.state === 'completed') return (await this.parts.delivery.run(row)) ?? row;
    if (row.state === 'cancelled') return this.#afterCancellation(row);
    const dto = await this.parts.lookups.known(row.id);
    const now = await this.completion.follow(row, dto);
    if (now.state !== row.state) return now;
    if (now.cancelAskedAt) return this.cancellation.cancel(now, dto);
    return this.cancellation.isAbandoned(now) ? this.cancellation.cancelAbandoned(now, dto) : now;
  }

  /** The app is told, and the chain is asked once more. Neither waits for the other: both can fail for days. */
  async #afterCancellation(row: PaymentRow): Promise<PaymentRow> {
    if (!this.parts.delivery.isToTell(row)) return this.cancellation.lookBack(row);
    const now = row.isLookDue ? await this.#lookBeforeTelling(row) : row;
    return now.state === 'cancelled' ? ((await this.parts.delivery.run(now)) ?? now) : now;
  }

  /** Never rejects: the look stays due. */
  async #lookBeforeTelling(row: PaymentRow): Promise<PaymentRow> {
    try {
      return await this.cancellation.lookBack(row);
    } catch (error) {
      this.#logger.warn(`Whether cancelled payment ${row.id} was paid cannot be said yet: ${withCauses(error)}`);
      return row;
    }
  }

  #next(ms: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#sweeping = this.#sweep().finally(() => (this.#sweeping = undefined));
    }, ms);
    this.#timer.unref();
  }

  /** Starts what is due and there is room for. It waits for none of it: a handler that hangs holds up no other payment. */
  async #sweep(): Promise<void> {
    let more = false;
    try {
      const handed = await this.#begin('handlers', await this.parts.delivery.room());
      const taken = await this.#begin('library', AT_A_TIME);
      more = handed + taken > 0;
      this.#away = false;
    } catch (error) {
      if (!this.#away) this.#logger.warn(`Payments cannot be reconciled for now: ${withCauses(error)}`);
      this.#away = true;
    }
    this.#next(more ? this.parts.times.sweepMs / 10 : this.parts.times.sweepMs);
  }

  /** @returns how many. */
  async #begin(whose: PaymentWork, room: number): Promise<number> {
    const under = this.#running[whose];
    const rows = await this.parts.journal.claimDue(whose, Math.min(room, AT_A_TIME - under.size), CLAIM_MS);
    for (const row of rows) {
      const running = this.#settle(row).finally(() => under.delete(running));
      under.add(running);
    }
    return rows.length;
  }

  /** Never rejects: one payment's trouble is not another's. */
  async #settle(row: PaymentRow): Promise<void> {
    try {
      const now = await this.take(row);
      // A handler's failure has set its own time.
      if (now.state === row.state && row.state !== 'completed' && row.state !== 'cancelled') {
        await this.parts.journal.postpone(row, this.#watchAgain(row));
      }
    } catch (error) {
      const pauseMs = pauseAfter(row.attempts);
      // Cancelled at Pi, and whether it was paid is not to be had: what still comes comes through a callback.
      const isOver = row.state === 'cancelled' && Date.now() - row.createdAt.getTime() > WATCHED_FOR_MS;
      this.#logger.warn(
        `Payment ${row.id} stays ${row.state}, next look in ${Math.round(pauseMs / 1_000)} s: ${withCauses(error)}`,
      );
      await this.parts.journal
        .postpone(row, isOver ? null : pauseMs, String(error).slice(0, 1_000))
        .catch(() => undefined);
    }
  }

  /** Null: no more. */
  #watchAgain(row: PaymentRow): number | null {
    const age = Date.now() - row.createdAt.getTime();
    if (row.state === 'refused' || row.state === 'needs_review' || age > WATCHED_FOR_MS) return null;
    const watchMs = Math.min(this.parts.unsignedMs * 2 ** Math.min(row.attempts, 20), LONGEST_WATCH_MS);
    const ripeMs = this.parts.times.abandonAfterMs - age;
    return row.incompleteAt && ripeMs > 0 ? Math.min(watchMs, ripeMs + 1_000) : watchMs;
  }
}
