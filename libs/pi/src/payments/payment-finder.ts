import type { PiLedger } from '../ledger/pi-ledger.js';
import { PAYMENT_COLUMNS, toPaymentRow, type PaymentRow, type RawPaymentRow } from './payment-row.js';

/** What a look-up by identifier, and by the txid a client named, finds. */
export interface JournalFinding {
  readonly row?: PaymentRow | undefined;
  /** Identifier of the other payment the txid is bound to. */
  readonly txidHolder?: string | undefined;
}

interface Wish {
  readonly id: string;
  readonly txid: string | undefined;
  resolve(finding: JournalFinding): void;
  reject(error: unknown): void;
}

/** Statements under way; whoever comes then goes with the next, together with all who wait. */
const AT_A_TIME = 2;
const MOST_PER_STATEMENT = 1_000;

/**
 * Looks payments up, many in one statement. Anybody can send identifiers, and each has to be looked for here first: a flood
 * of invented ones must not make a known payment wait for its turn at the pool (rule 7).
 */
export class PaymentFinder {
  #waiting: Wish[] = [];
  #running = 0;

  constructor(
    private readonly ledger: PiLedger<unknown>,
    /** Name of the Pi app; `''` is the unnamed one. */
    private readonly app: string,
  ) {}

  find(id: string, txid?: string): Promise<JournalFinding> {
    // Inside a transaction it is that transaction's statement, which cannot go along with others'.
    if (this.ledger.inTransaction) return this.#select([{ id, txid }]).then(([finding]) => finding as JournalFinding);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ id, txid, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    if (this.#running >= AT_A_TIME || this.#waiting.length === 0) return;
    const wishes = this.#waiting.splice(0, MOST_PER_STATEMENT);
    this.#running += 1;
    void this.#answer(wishes).finally(() => {
      this.#running -= 1;
      this.#next();
    });
  }

  async #answer(wishes: readonly Wish[]): Promise<void> {
    try {
      const findings = await this.#select(wishes);
      wishes.forEach((wish, index) => wish.resolve(findings[index] as JournalFinding));
    } catch (error) {
      for (const wish of wishes) wish.reject(error);
    }
  }

  async #select(wishes: readonly Pick<Wish, 'id' | 'txid'>[]): Promise<JournalFinding[]> {
    const ids = wishes.map(({ id }) => id);
    const txids = wishes.flatMap(({ txid }) => txid ?? []);
    const { rows } = await this.ledger.read(({ db, sql }) =>
      sql<RawPaymentRow & { app: string }>`
        select ${sql.raw(PAYMENT_COLUMNS)}, p.app from pi.payments p
        where (p.app = ${this.app} and p.id = any(${ids})) or p.txid = any(${txids})`.execute(db),
    );
    const own = new Map(rows.filter(({ app }) => app === this.app).map((raw) => [raw.id, toPaymentRow(raw)]));
    const holders = new Map(rows.map((raw) => [raw.txid, raw]));
    return wishes.map(({ id, txid }) => {
      const row = own.get(id);
      const holder = txid === undefined ? undefined : holders.get(txid);
      const isForeign = holder !== undefined && (holder.app !== this.app || holder.id !== id);
      return { row, txidHolder: isForeign ? holder.id : undefined };
    });
  }
}
