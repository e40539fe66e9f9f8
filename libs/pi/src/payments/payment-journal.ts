import type { RawBuilder } from 'kysely';
import { PiChainError } from '../errors/pi-chain-error.js';
import { codeOf } from '../ledger/ledger-errors.js';
import type { LedgerSession } from '../ledger/ledger-session.js';
import type { PiLedger } from '../ledger/pi-ledger.js';
import type { PiTransaction } from '../ledger/pi-transaction.js';
import type { PaymentDto } from '../platform/payment.dto.js';
import { toPiPayment } from '../platform/to-pi-payment.js';
import { PaymentFinder, type JournalFinding } from './payment-finder.js';
import { PAYMENT_COLUMNS, toPaymentRow, type PaymentRow, type RawPaymentRow } from './payment-row.js';
import { PAYMENT_TRANSITIONS, type PaymentStep, type PaymentWork } from './payment-state.js';

type Sql = LedgerSession['sql'];
type Part = RawBuilder<unknown>;

/**
 * The rows of `pi.payments`. At most one statement a method, and every change of state a compare-and-set by
 * `PAYMENT_TRANSITIONS`: undefined means that the payment was in another state by then.
 */
export class PaymentJournal {
  readonly #finder: PaymentFinder;

  constructor(
    private readonly ledger: PiLedger<unknown>,
    /** Name of the Pi app; `''` is the unnamed one. */
    private readonly app: string,
  ) {
    this.#finder = new PaymentFinder(ledger, app);
  }

  /** @param txid looked up along the way, so that one bound elsewhere shows in the same statement. */
  find(id: string, txid?: string): Promise<JournalFinding> {
    return this.#finder.find(id, txid);
  }

  /** Enters a payment as Pi states it; one already there stays as it is. */
  async see(dto: PaymentDto): Promise<PaymentRow> {
    const { id, uid, amount, memo, metadata, network, createdAt } = toPiPayment(dto);
    const [raw] = await this.rows<RawPaymentRow>(
      (sql) => sql`
        insert into pi.payments as p
          (app, id, uid, stroops, memo, metadata, network, from_address, to_address, created_at)
        values (${this.app}, ${id}, ${uid}, ${amount.stroops.toString()}, ${storable(memo)},
          ${JSON.stringify(metadata)}, ${network}, ${dto.from_address}, ${dto.to_address}, ${createdAt.toISOString()})
        on conflict (app, id) do update set app = excluded.app
        returning ${sql.raw(PAYMENT_COLUMNS)}`,
    );
    return toPaymentRow(raw as RawPaymentRow);
  }

  /** The approve handler agreed. On disk before Pi is told. */
  beginApproval(id: string, lookAgainMs: number): Promise<PaymentRow | undefined> {
    return this.step('begin_approval', id, (sql) => due(sql, lookAgainMs));
  }

  noteApproved(id: string, lookAgainMs: number): Promise<PaymentRow | undefined> {
    return this.step('note_approved', id, (sql) => due(sql, lookAgainMs));
  }

  refuse(id: string, reason: string): Promise<PaymentRow | undefined> {
    return this.step('refuse', id, (sql) => sql`refusal = ${storable(reason)}, due_at = null`);
  }

  /**
   * The transaction was verified. On disk, and bound to this payment alone, before Pi is told. Undefined also when the
   * payment is bound to another transaction.
   *
   * @throws PiChainError PI_TX_TAKEN: it is bound to another payment.
   */
  beginCompletion(id: string, txid: string, lookAgainMs: number): Promise<PaymentRow | undefined> {
    return this.bindingTxid(txid, () =>
      this.step(
        'begin_completion',
        id,
        (sql) => sql`txid = ${txid}, cancel_asked_at = null, incomplete_at = null, ${due(sql, lookAgainMs)}`,
        (sql) => sql`and (p.txid is null or p.txid = ${txid})`,
      ),
    );
  }

  /** Pi completed it: the delivery is due. */
  noteCompleted(id: string): Promise<PaymentRow | undefined> {
    return this.step('note_completed', id, (sql) => due(sql, 0));
  }

  /** Some time later the chain is asked once more. @param isToTell the `cancelled` handler, now. */
  noteCancelled(id: string, isToTell: boolean, lookMs: number): Promise<PaymentRow | undefined> {
    return this.step(
      'note_cancelled',
      id,
      (sql) => sql`look_at = ${fromNow(sql, lookMs)}, ${due(sql, isToTell ? 0 : lookMs)}`,
    );
  }

  /** The chain was asked, and holds no payment. @param isToTell the `cancelled` handler still: that stays due. */
  noteLooked(id: string, isToTell: boolean): Promise<PaymentRow | undefined> {
    return this.update(
      id,
      (sql) => (isToTell ? sql`look_at = null` : sql`look_at = null, due_at = null, trouble = null`),
      (sql) => sql`and p.state = 'cancelled'`,
    );
  }

  /** @param row as it was when this was decided: of a payment that has moved on since, the evidence may be out of date. */
  review(row: PaymentRow, reason: string): Promise<PaymentRow | undefined> {
    return this.step(
      'review',
      row.id,
      (sql) => sql`review_reason = ${storable(reason)}, due_at = null`,
      (sql) => sql`and p.state = ${row.state}`,
    );
  }

  dismiss(id: string, by: string): Promise<PaymentRow | undefined> {
    return this.step('dismiss', id, (sql) => resolved(sql, 'dismiss', by));
  }

  /**
   * A person decided to deliver a payment whose transaction was verified.
   *
   * @throws PiChainError PI_TX_TAKEN: it is bound to another payment.
   */
  overrule(id: string, txid: string, by: string): Promise<PaymentRow | undefined> {
    return this.bindingTxid(txid, () =>
      this.step('overrule', id, (sql) => sql`txid = ${txid}, ${resolved(sql, 'deliver', by)}, ${due(sql, 0)}`),
    );
  }

  /**
   * In the delivery's transaction: marks the payment delivered and holds its row until the commit. Undefined when it was
   * delivered before, or somebody else is at it right now.
   */
  deliver(id: string, tx: PiTransaction<unknown>): Promise<PaymentRow | undefined> {
    return this.hold(
      id,
      tx,
      (sql) => sql`state = 'delivered', changed_at = now(), due_at = null`,
      (sql) => sql`state = 'completed'`,
    );
  }

  /** In the transaction of the `cancelled` handler: the same for telling it. What comes next is a look at the chain. */
  tell(id: string, tx: PiTransaction<unknown>, lookMs: number): Promise<PaymentRow | undefined> {
    return this.hold(
      id,
      tx,
      (sql) => sql`told_at = now(), attempts = 0, due_at = coalesce(p.look_at, ${fromNow(sql, lookMs)})`,
      (sql) => sql`state = 'cancelled' and told_at is null`,
    );
  }

  /** The Pioneer's client named it incomplete, without a transaction. */
  markIncomplete(id: string, lookAgainMs: number): Promise<PaymentRow | undefined> {
    return this.update(
      id,
      (sql) =>
        sql`incomplete_at = coalesce(p.incomplete_at, now()), due_at = least(p.due_at, ${fromNow(sql, lookAgainMs)})`,
      (sql) => sql`and p.state in ('seen', 'approving', 'approved')`,
    );
  }

  /** On disk before Pi is told to cancel. */
  askCancel(id: string, lookAgainMs: number): Promise<PaymentRow | undefined> {
    return this.update(
      id,
      (sql) => sql`cancel_asked_at = now(), ${due(sql, lookAgainMs)}`,
      (sql) => sql`and p.state in ('seen', 'approving', 'approved', 'refused')`,
    );
  }

  noteClientError(id: string, text: string): Promise<PaymentRow | undefined> {
    return this.update(id, (sql) => sql`client_error = ${storable(text)}`);
  }

  /**
   * When the reconciler looks at this payment again, as long as it stays in this state. Null: never by itself.
   *
   * @param trouble what went wrong; undefined: nothing, and what was there is over.
   */
  postpone(row: PaymentRow, lookAgainMs: number | null, trouble?: string): Promise<PaymentRow | undefined> {
    return this.update(
      row.id,
      (sql) => sql`attempts = p.attempts + 1,
        trouble = ${trouble === undefined ? null : storable(trouble)},
        ${lookAgainMs === null ? sql`due_at = null` : due(sql, lookAgainMs)}`,
      (sql) => sql`and p.state = ${row.state}`,
    );
  }

  /**
   * Takes payments whose next step is due, so that no other instance takes them within `leaseMs`. That only spreads the
   * work: every step is safe when two do it.
   *
   * @param whose next step it is.
   */
  async claimDue(whose: PaymentWork, limit: number, leaseMs: number): Promise<PaymentRow[]> {
    if (limit <= 0) return [];
    const rows = await this.rows<RawPaymentRow>(
      (sql) => sql`
        update pi.payments p set ${due(sql, leaseMs)}
        from (select app, id from pi.payments where app = ${this.app} and due_at <= now()
                and (state = 'completed' or state = 'cancelled' and told_at is null) = ${whose === 'handlers'}
              order by due_at limit ${limit} for update skip locked) as claimed
        where p.app = claimed.app and p.id = claimed.id
        returning ${sql.raw(PAYMENT_COLUMNS)}`,
    );
    return rows.map(toPaymentRow);
  }

  private async hold(
    id: string,
    tx: PiTransaction<unknown>,
    changes: (sql: Sql) => Part,
    condition: (sql: Sql) => Part,
  ): Promise<PaymentRow | undefined> {
    const { rows } = await this.ledger.write(
      ({ db, sql }) =>
        sql<RawPaymentRow>`
          update pi.payments p set ${changes(sql)}, trouble = null
          from (select app, id from pi.payments where app = ${this.app} and id = ${id} and ${condition(sql)}
                for update skip locked) as held
          where p.app = held.app and p.id = held.id
          returning ${sql.raw(PAYMENT_COLUMNS)}`.execute(db),
      tx,
    );
    return rows[0] && toPaymentRow(rows[0]);
  }

  private step(
    step: PaymentStep,
    id: string,
    changes: (sql: Sql) => Part,
    condition: (sql: Sql) => Part = (sql) => sql``,
  ): Promise<PaymentRow | undefined> {
    const { from, to } = PAYMENT_TRANSITIONS[step];
    return this.update(
      id,
      (sql) => sql`state = ${to}, changed_at = now(), attempts = 0, trouble = null, ${changes(sql)}`,
      (sql) => sql`and p.state in (${sql.join([...from])}) ${condition(sql)}`,
    );
  }

  private async update(
    id: string,
    changes: (sql: Sql) => Part,
    condition: (sql: Sql) => Part = (sql) => sql``,
  ): Promise<PaymentRow | undefined> {
    const [raw] = await this.rows<RawPaymentRow>(
      (sql) => sql`
        update pi.payments p set ${changes(sql)} where p.app = ${this.app} and p.id = ${id} ${condition(sql)}
        returning ${sql.raw(PAYMENT_COLUMNS)}`,
    );
    return raw && toPaymentRow(raw);
  }

  /** Each a statement of its own, which commits by itself: a transaction around it would cost three round trips. */
  private async rows<Row>(statement: (sql: Sql) => Part): Promise<Row[]> {
    const { rows } = await this.ledger.single(({ db, sql }) => statement(sql).execute(db));
    return rows as Row[];
  }

  private async bindingTxid<T>(txid: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (codeOf(error) !== UNIQUE_VIOLATION) throw error;
      throw new PiChainError('PI_TX_TAKEN', `Transaction ${txid} belongs to another payment.`, { cause: error });
    }
  }
}

const UNIQUE_VIOLATION = '23505';

function fromNow(sql: Sql, ms: number): Part {
  return sql`now() + ${ms}::double precision * interval '1 millisecond'`;
}

function due(sql: Sql, ms: number): Part {
  return sql`due_at = ${fromNow(sql, ms)}`;
}

function resolved(sql: Sql, action: string, by: string): Part {
  return sql`resolution = ${action}, resolved_by = ${storable(by)}, resolved_at = now()`;
}

/** PostgreSQL keeps no NUL in a text; these texts are for people. */
function storable(text: string): string {
  return text.replaceAll('\0', '\uFFFD');
}
