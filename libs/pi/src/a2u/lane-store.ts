import type { UpdateObject } from 'kysely';
import type { LedgerSchema } from '../ledger/ledger-schema.js';
import type { LedgerSession } from '../ledger/ledger-session.js';
import { fence, type Lease } from '../ledger/leases.js';
import type { PiLedger } from '../ledger/pi-ledger.js';
import type { PayoutState } from './payout.js';
import type { SigningReason } from './payout.decision.js';
import { type PayoutRecord, type SignedAttempt, selectPayouts, toRecord } from './payout-record.js';
import { announce, HANDED_OVER, noteEvent } from './payout-store.js';
import type { RuleSwitches } from './rule-switches.js';

/** Of time, the database's clock alone decides: those of several instances differ, and one may be wrong. */
interface Times {
  /** It is not tried again for so long, in milliseconds. */
  readonly restMs?: number;
  /** It is let past the limits now. */
  readonly admitted?: true;
}

type Own = 'id' | 'app' | 'position' | 'attempts' | 'state' | 'next_at' | 'admitted_at' | 'updated_at';
type Changes = Omit<UpdateObject<LedgerSchema, 'payouts'>, Own> & Times;

/** Another worker holds the lane: stop, and write nothing. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/** The payout is no longer as it was read: read it again. */
export class PayoutMovedError extends Error {
  override readonly name = 'PayoutMovedError';
}

interface Later {
  readonly ids: readonly string[];
  readonly uids: readonly string[];
}

/** A lane's writes. Each is one transaction: the lease is fenced, and the payout is still as it was read. */
export class LaneStore {
  constructor(
    private readonly ledger: PiLedger<unknown>,
    private readonly lane: { readonly app: string; readonly wallet: string },
    private readonly lease: Lease,
    private readonly rules: RuleSwitches,
    private readonly told: {
      /** Of every state a payout enters. */
      moved(state: PayoutState): void;
      /** Of a payout that is settled, or another lane's. */
      left(payout: PayoutRecord): void;
    },
  ) {}

  /**
   * What there is to sign, send or look up, in the order it was asked for; and of what waits for a person, that which an attempt
   * may still pay.
   *
   * @param chainTime no attempt with an earlier time bound applies any more, in seconds
   */
  async toSign(chainTime: number): Promise<PayoutRecord[]> {
    return this.#select((query, { sql }) =>
      query
        .where('state', 'in', ['created', 'signed', 'submitted', 'needs_review'])
        .where(
          sql<boolean>`(state <> 'needs_review' or (txid is null and exists (
            select 1 from pi.payout_attempts a where a.payout_id = payouts.id and a.max_time >= ${chainTime}::bigint)))`,
        )
        .limit(AT_ONCE),
    );
  }

  /** What Pi is to be told of, without those that wait till later: however many they are, they hide nobody. */
  async toFinish(later: readonly string[], limit: number): Promise<PayoutRecord[]> {
    return this.#select((query) => query.where('state', 'in', ['paid', 'cancelling']).limit(limit), later);
  }

  /**
   * The next ones that wait for a person, paid or not as far as is known: those behind that position, and then from the
   * beginning again. Whoever goes round like this comes to each of them, however many they are.
   */
  async inReview(of: { paid: boolean; behind: bigint; limit: number }): Promise<PayoutRecord[]> {
    return this.#select((query, { sql }) =>
      query
        .where('state', '=', 'needs_review')
        .where('txid', of.paid ? 'is not' : 'is', null)
        .orderBy(sql`position <= ${of.behind}::bigint`)
        .limit(of.limit),
    );
  }

  /** Created at Pi, and nothing signed yet; without those named. */
  async prepared(limit: number, except: readonly string[]): Promise<PayoutRecord[]> {
    return this.#select((query) => query.where('state', '=', 'created').limit(limit), except);
  }

  /** Some payout is unfinished at Pi; without those named. Whether one in review is, only Pi knows. */
  async anyInFlight(except: readonly string[]): Promise<boolean> {
    return (await this.#select((query) => query.where('state', 'in', IN_FLIGHT).limit(1), except)).length > 0;
  }

  /**
   * The next ones to create at Pi: of those that were never parked, or of those that were and may be tried again. Without those
   * that wait till later, and those of Pioneers who do: however many they are, they hide nobody.
   */
  async waiting(of: { parked: boolean; limit: number; later: Later }): Promise<PayoutRecord[]> {
    const { ids, uids } = of.later;
    return this.#select((query, { sql }) =>
      query
        .where('state', '=', 'requested')
        .where('parked', of.parked ? 'is not' : 'is', null)
        .where(sql<boolean>`next_at <= now()`)
        .$if(ids.length > 0, (others) => others.where('id', 'not in', ids))
        // Pi is asked nothing of one that is not to be created any more.
        .$if(uids.length > 0, (others) =>
          others.where((is) => is.or([is('uid', 'not in', uids), is('cancel_wanted', 'is not', null)])),
        )
        .$if(of.parked, (parked) => parked.orderBy('next_at'))
        .limit(of.limit),
    );
  }

  async byId(id: string): Promise<PayoutRecord> {
    const [record] = await this.#select((query) => query.where('id', '=', id));
    if (!record) throw new PayoutMovedError(`Payout ${id} has left this lane`);
    return record;
  }

  /** Payouts of any wallet of this app, by key: whose payments are these at Pi? */
  async byKeys(keys: readonly string[]): Promise<PayoutRecord[]> {
    if (keys.length === 0) return [];
    const rows = await this.ledger.read((session) =>
      selectPayouts(session).where('app', '=', this.lane.app).where('idempotency_key', 'in', keys).execute(),
    );
    return rows.map(toRecord);
  }

  #select(
    narrow: (query: ReturnType<typeof selectPayouts>, session: LedgerSession) => ReturnType<typeof selectPayouts>,
    except: readonly string[] = [],
  ): Promise<PayoutRecord[]> {
    return this.ledger.read(async (session) => {
      const lane = selectPayouts(session)
        .where('app', '=', this.lane.app)
        .where('wallet', '=', this.lane.wallet)
        .$if(except.length > 0, (others) => others.where('id', 'not in', except));
      const rows = await narrow(lane, session).orderBy('position').execute();
      return rows.map(toRecord);
    });
  }

  /** Moves a payout on, or changes what is noted with it. */
  async change(
    payout: PayoutRecord,
    to: PayoutState,
    { restMs, admitted, ...columns }: Changes = {},
    event?: { kind: string; detail?: string; attempt?: number },
  ): Promise<PayoutRecord> {
    await this.#write(async (session) => {
      await this.#compareAndSet(session, payout, {
        ...columns,
        ...(restMs !== undefined && { next_at: fromNow(session, restMs) }),
        ...(admitted && { admitted_at: fromNow(session, 0) }),
        state: to,
      });
      if (to !== payout.state) await noteEvent(session, payout.id, { kind: 'state', detail: to });
      if (event) await noteEvent(session, payout.id, event);
      await announce(session, this.lane.app, { what: 'moved', wallet: this.lane.wallet, id: payout.id });
    });
    if (to !== payout.state) this.told.moved(to);
    if (SETTLED.has(to)) this.told.left(payout);
    return this.byId(payout.id);
  }

  /** Adds to the audit without moving the payout. */
  async note(payout: PayoutRecord, event: { kind: string; detail: string }): Promise<void> {
    await this.#write((session) => noteEvent(session, payout.id, event));
  }

  /** Rule 8: an identifier is bound by compare-and-set on "no identifier", and never again. */
  async bind(
    payout: PayoutRecord,
    payment: { identifier: string; destination: string; createdAtPi: number },
    how: { adopted: boolean },
  ): Promise<PayoutRecord> {
    return this.change(
      payout,
      'created',
      {
        identifier: payment.identifier,
        destination: payment.destination,
        created_at_pi: BigInt(payment.createdAtPi),
        // Whoever created an adopted payment may have signed for it before our baseline was read.
        ...(how.adopted && { baseline: null }),
        parked: null,
        tries: 0,
        restMs: 0,
      },
      { kind: how.adopted ? 'adopted' : 'bound', detail: payment.identifier },
    );
  }

  /** To the lane of another wallet, which knows nothing of its past: like an adopted payment, it has no baseline there. */
  async handOver(payout: PayoutRecord, wallet: string): Promise<void> {
    await this.#write(async (session) => {
      await this.#compareAndSet(session, payout, { wallet, baseline: null, parked: null });
      await noteEvent(session, payout.id, { kind: HANDED_OVER, detail: payout.wallet });
      await announce(session, this.lane.app, { what: 'asked', wallet, id: payout.id });
    });
    this.told.left(payout);
  }

  /** What lies at or below is proven, and need never be read again. Nobody is told: nothing has moved. */
  async raiseBaseline(payout: PayoutRecord, baseline: bigint): Promise<PayoutRecord> {
    await this.#write((session) => this.#compareAndSet(session, payout, { baseline }));
    return this.byId(payout.id);
  }

  /**
   * Before an envelope leaves: one transaction checks the lease and the number of attempts, inserts the attempt and sets the
   * state.
   */
  async insertAttempt(payout: PayoutRecord, attempt: SignedAttempt, why: SigningReason): Promise<PayoutRecord> {
    await this.#write(async (session) => {
      const { sql } = session;
      await this.#compareAndSet(session, payout, {
        state: 'signed',
        attempts: sql<number>`attempts + 1`,
        parked: null,
      });
      await session.query(DURABLE);
      await session.db
        .insertInto('payout_attempts')
        .values({
          payout_id: payout.id,
          number: sql<number>`(select attempts from pi.payouts where id = ${payout.id}::uuid)`,
          wallet: this.lane.wallet,
          sequence: attempt.sequence,
          max_time: BigInt(attempt.maxTime),
          fee: attempt.fee,
          hash: attempt.hash,
          envelope: attempt.envelope,
          ledger: attempt.anchor.ledger,
          ledger_hash: attempt.anchor.hash,
          lease_token: this.lease.token,
        })
        .execute();
      await noteEvent(session, payout.id, { kind: 'state', detail: `signed (${why})`, attempt: attempt.number });
      await announce(session, this.lane.app, { what: 'moved', wallet: this.lane.wallet, id: payout.id });
    });
    if (payout.state !== 'signed') this.told.moved('signed');
    return this.byId(payout.id);
  }

  /** What it let past the limits counts from this moment on; its baseline is on disk before Pi is asked. */
  async admit(payout: PayoutRecord, baseline: bigint): Promise<PayoutRecord> {
    return this.change(payout, 'requested', {
      // Read before the first creation of this key: a later one would lie above what an earlier one may have signed.
      ...(payout.createSent ? {} : { baseline }),
      create_sent: true,
      admitted: true,
      parked: null,
    });
  }

  async #compareAndSet(
    session: LedgerSession,
    payout: PayoutRecord,
    set: UpdateObject<LedgerSchema, 'payouts'>,
  ): Promise<void> {
    const changed = await session.db
      .updateTable('payouts')
      .set({ ...set, updated_at: session.sql<Date>`clock_timestamp()` })
      .where('id', '=', payout.id)
      .where('wallet', '=', this.lane.wallet)
      .$if(this.rules.attemptFence, (query) =>
        query
          .where('state', '=', payout.state)
          .where('attempts', '=', payout.signed)
          // A person may have answered one question, and another one be open by now.
          .where('review', 'is not distinct from', payout.reviewCode ?? null),
      )
      .$if(set.identifier !== undefined && this.rules.bindOnce, (query) => query.where('identifier', 'is', null))
      .returning('id')
      .executeTakeFirst();
    if (!changed) throw new PayoutMovedError(`Payout ${payout.id} is no longer ${payout.state}`);
  }

  async #write(work: (session: LedgerSession) => Promise<void>): Promise<void> {
    await this.ledger.write(async (session) => {
      if (this.rules.attemptFence && !(await fence(session, this.lease))) throw new LeaseLostError(this.lease.name);
      await work(session);
    });
  }
}

function fromNow({ sql }: LedgerSession, ms: number) {
  return sql<Date>`clock_timestamp() + ${ms}::double precision * interval '1 millisecond'`;
}

/** What is sent has to be on disk, and all that was committed before it: also where commits may wait. */
const DURABLE = `select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'`;

/** Most that one look takes in. */
const AT_ONCE = 500;

const SETTLED: ReadonlySet<PayoutState> = new Set(['completed', 'cancelled', 'failed']);
const IN_FLIGHT: readonly PayoutState[] = ['created', 'signed', 'submitted', 'paid', 'cancelling'];
