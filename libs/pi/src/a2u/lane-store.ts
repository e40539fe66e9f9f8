import type { UpdateObject } from 'kysely';
import type { LedgerSchema } from '../ledger/ledger-schema.js';
import type { LedgerSession } from '../ledger/ledger-session.js';
import { fence, type Lease } from '../ledger/leases.js';
import type { PiLedger } from '../ledger/pi-ledger.js';
import { LeaseLostError, PayoutMovedError } from './lane-errors.js';
import type { LaneWallet } from './lane-parts.js';
import { type LaneName, LaneReader } from './lane-reader.js';
import type { PayoutState } from './payout.js';
import type { SigningReason } from './payout.decision.js';
import { holdToLimits } from './payout-limits.js';
import type { PayoutRecord, SignedAttempt } from './payout-record.js';
import { announce, HANDED_OVER, lockByKey, noteEvent, noteOnce } from './payout-store.js';
import type { RuleSwitches } from './rule-switches.js';

/** Of time, the database's clock alone decides: those of several instances differ, and one may be wrong. */
interface Times {
  /** It is not tried again for so long, in milliseconds. */
  readonly restMs?: number;
}

type Own = 'id' | 'app' | 'position' | 'attempts' | 'state' | 'next_at' | 'admitted_at' | 'updated_at';
type Changes = Omit<UpdateObject<LedgerSchema, 'payouts'>, Own> & Times;

/** A lane's writes. Each is one transaction: the lease is fenced, and the payout is still as it was read. */
export class LaneStore extends LaneReader {
  constructor(
    ledger: PiLedger<unknown>,
    lane: LaneName,
    private readonly lease: Lease,
    private readonly rules: RuleSwitches,
    private readonly told: {
      /** Of every state a payout enters. */
      moved(state: PayoutState): void;
      /** Of a payout that is settled, or another lane's. */
      left(payout: PayoutRecord): void;
    },
  ) {
    super(ledger, lane);
  }

  /** Moves a payout on, or changes what is noted with it. */
  async change(
    payout: PayoutRecord,
    to: PayoutState,
    { restMs, ...columns }: Changes = {},
    event?: { kind: string; detail?: string; attempt?: number },
  ): Promise<PayoutRecord> {
    await this.#write(async (session) => {
      await this.#compareAndSet(session, payout, {
        ...columns,
        ...(restMs !== undefined && { next_at: fromNow(session, restMs) }),
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

  /** Adds to the audit without moving the payout. True when that was not in it yet. */
  noteOnce({ id }: PayoutRecord, event: { kind: string; detail: string }): Promise<boolean> {
    return this.#write((session) => noteOnce(session, id, event));
  }

  /** Of a payout of any lane, as it is now: nobody else changes it meanwhile. */
  whileLocked(
    { app, idempotencyKey }: PayoutRecord,
    work: (session: LedgerSession, payout: PayoutRecord) => Promise<void>,
  ): Promise<void> {
    return this.#write(async (session) => work(session, (await lockByKey(session, app, idempotencyKey))!));
  }

  /** Rule 8: an identifier is bound by compare-and-set on "no identifier", and never again but by a person (two_identifiers). */
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

  /**
   * To the lane of another wallet, which knows nothing of its past: like an adopted payment, it has no baseline there.
   *
   * @throws LimitReachedError
   */
  async handOver(payout: PayoutRecord, to: LaneWallet): Promise<void> {
    await this.#write(async (session) => {
      await holdToLimits(session, to, payout);
      await this.#compareAndSet(session, payout, { wallet: to.address, baseline: null, parked: null });
      await noteEvent(session, payout.id, { kind: HANDED_OVER, detail: payout.wallet });
      await announce(session, this.lane.app, { what: 'asked', wallet: to.address, id: payout.id });
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
        admitted_at: fromNow(session, 0),
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

  /**
   * What is let past the limits counts from this moment on; its baseline is on disk before Pi is asked. Not held to them again is what
   * they let past before, and what is only to be looked for at Pi because it is to be cancelled.
   *
   * @throws LimitReachedError
   */
  async admit(payout: PayoutRecord, baseline: bigint, wallet: LaneWallet): Promise<PayoutRecord> {
    await this.#write(async (session) => {
      if (!payout.createSent && payout.cancelWanted === undefined) await holdToLimits(session, wallet, payout);
      await this.#compareAndSet(session, payout, {
        // Read before the first creation of this key: a later one would lie above what an earlier one may have signed.
        ...(payout.createSent ? {} : { baseline }),
        create_sent: true,
        admitted_at: fromNow(session, 0),
        parked: null,
      });
      await announce(session, this.lane.app, { what: 'moved', wallet: this.lane.wallet, id: payout.id });
    });
    return this.byId(payout.id);
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

  #write<T>(work: (session: LedgerSession) => Promise<T>): Promise<T> {
    return this.ledger.write(async (session) => {
      if (this.rules.attemptFence && !(await fence(session, this.lease))) throw new LeaseLostError(this.lease.name);
      return work(session);
    });
  }
}

function fromNow({ sql }: LedgerSession, ms: number) {
  return sql<Date>`clock_timestamp() + ${ms}::double precision * interval '1 millisecond'`;
}

/** What is sent has to be on disk, and all that was committed before it: also where commits may wait. */
const DURABLE = `select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'`;

const SETTLED: ReadonlySet<PayoutState> = new Set(['completed', 'cancelled', 'failed']);
