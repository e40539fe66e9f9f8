import { inspect } from 'node:util';
import { Logger } from '@nestjs/common';
import { abandonAfter } from '../ledger/abandoned-work.js';
import type { PiLedger } from '../ledger/pi-ledger.js';
import type { PiPaymentEvent } from './payment-handlers.js';
import type { PaymentHandlerRegistry } from './payment-handler.registry.js';
import type { PaymentJournal } from './payment-journal.js';
import { toPaidPayment, toPayment, type PaymentRow } from './payment-row.js';
import { SingleFlight } from './single-flight.js';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10 * 60_000;

/** In milliseconds. */
export interface PaymentDeliveryTimes {
  /** How long a handler may take. */
  readonly handlerMs: number;
  /** How long after a cancellation the chain is asked whether money came all the same. */
  readonly unsignedMs: number;
}

/**
 * Hands payments over to the app's handlers: "delivered" is written first in the transaction the handler's rows are in, so
 * whoever gets the row holds it until both commit, and a second one finds nothing to deliver.
 */
export class PaymentDelivery {
  readonly #logger = new Logger('PiPaymentDelivery');
  readonly #flights = new SingleFlight<PaymentRow | undefined>();

  constructor(
    private readonly ledger: PiLedger<unknown>,
    private readonly journal: PaymentJournal,
    private readonly handlers: PaymentHandlerRegistry,
    private readonly times: PaymentDeliveryTimes,
  ) {}

  /**
   * Delivers a `completed` payment, or tells of a `cancelled` one. Never rejects: what fails is noted and due again.
   *
   * @returns the payment afterwards; undefined when it could not be said or somebody else is at it.
   */
  run(row: PaymentRow): Promise<PaymentRow | undefined> {
    return this.#flights.run(row.id, () => (row.state === 'completed' ? this.#deliver(row) : this.#tell(row)));
  }

  /** It is cancelled, and the app has a handler that does not know. */
  isToTell({ state, toldAt }: PaymentRow): boolean {
    return state === 'cancelled' && !toldAt && this.handlers.get('cancelled') !== undefined;
  }

  /** How many handlers could begin at once. */
  room(): Promise<number> {
    return this.ledger.freeTurns();
  }

  idle(): Promise<void> {
    return this.#flights.idle();
  }

  async #deliver(row: PaymentRow): Promise<PaymentRow | undefined> {
    const handler = this.handlers.get('completed');
    // The last app to run had one. Owed until a version of the app has it again.
    if (!handler) return this.#failed(row, new Error("nothing handles 'completed'"));
    return this.#attempt(row, async (tx) => {
      const held = await this.journal.deliver(row.id, tx);
      if (held) await this.#inTime('completed', async () => handler(toPaidPayment(held), tx));
      return held;
    });
  }

  async #tell(row: PaymentRow): Promise<PaymentRow | undefined> {
    const handler = this.handlers.get('cancelled');
    return this.#attempt(row, async (tx) => {
      const held = await this.journal.tell(row.id, tx, this.times.unsignedMs);
      if (held && handler) await this.#inTime('cancelled', async () => handler(toPayment(held), tx));
      return held;
    });
  }

  /** One that hangs would hold its row, its connection and a place of the reconciler for ever. */
  #inTime(event: PiPaymentEvent, call: () => Promise<void>): Promise<void> {
    return abandonAfter(call(), this.times.handlerMs, `the '${event}' handler`);
  }

  async #attempt(
    row: PaymentRow,
    work: Parameters<PiLedger<unknown>['transaction']>[0],
  ): Promise<PaymentRow | undefined> {
    try {
      return (await this.ledger.handOver(work, this.times.handlerMs)) as PaymentRow | undefined;
    } catch (error) {
      return this.#failed(row, error);
    }
  }

  async #failed(row: PaymentRow, error: unknown): Promise<PaymentRow | undefined> {
    const pauseMs = pauseAfter(row.attempts);
    const what = row.state === 'completed' ? 'Delivery' : 'Telling of the cancellation';
    this.#logger.error(
      `${what} of payment ${row.id} failed (attempt ${row.attempts + 1}), next in ${Math.round(pauseMs / 1_000)} s`,
      error instanceof Error ? error.stack : textOf(error),
    );
    try {
      return await this.journal.postpone(row, pauseMs, textOf(error).slice(0, 1_000));
    } catch {
      // The ledger is away: the payment stays due as it is, and the reconciler comes back to it.
      return undefined;
    }
  }
}

/** Anything can be thrown, also what has no text. */
function textOf(error: unknown): string {
  return error instanceof Error ? String(error) : inspect(error);
}

/** Doubling, with a fifth of chance, so that what failed together does not come again together. */
export function pauseAfter(attempts: number, longestMs = LONGEST_PAUSE_MS): number {
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(attempts, 30), longestMs);
  return pauseMs * (0.8 + Math.random() * 0.4);
}
