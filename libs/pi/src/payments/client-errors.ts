import { LRUCache } from 'lru-cache';
import { Lanes } from './lanes.js';
import type { PaymentJournal } from './payment-journal.js';
import type { PaymentRow } from './payment-row.js';
import type { PiPaymentState } from './payment-state.js';

/** Of a payment, one report in so long is kept. */
const ONE_IN_MS = 10_000;
const REPORTS_REMEMBERED = 10_000;
/** Reports written at a time: they may not take the connections that payments are approved and completed by. */
const AT_A_TIME = 2;
/** Pi has completed it. With the transaction its identifier is public, and its row may be held by a delivery. */
const PAID: ReadonlySet<PiPaymentState> = new Set(['completed', 'delivered']);

/** Errors that Pioneers' clients report. Anybody can send them, and as many as they like: few are written. */
export class ClientErrors {
  readonly #reported = new LRUCache<string, true>({ max: REPORTS_REMEMBERED, ttl: ONE_IN_MS });
  readonly #lanes = new Lanes('Too many errors are being reported. This one is not kept.');

  constructor(private readonly journal: PaymentJournal) {}

  /**
   * @returns the payment afterwards; as it was when this report is not kept.
   * @throws PiUnavailableError too many are being reported.
   */
  async note(row: PaymentRow, text: string): Promise<PaymentRow> {
    if (PAID.has(row.state) || this.#reported.has(row.id)) return row;
    this.#reported.set(row.id, true);
    try {
      const noted = await this.#lanes.run('', AT_A_TIME, () => this.journal.noteClientError(row.id, escaped(text)));
      return noted ?? row;
    } catch (error) {
      this.#reported.delete(row.id);
      throw error;
    }
  }
}

/** A client's words, for logs and operators' pages: short, and without anything a terminal or a browser acts on. */
function escaped(text: string): string {
  return text.slice(0, 500).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}<>&]/gu, unicode);
}

function unicode(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}
