import type { LedgerSession } from '../ledger/ledger-session.js';
import type { PiLedger } from '../ledger/pi-ledger.js';
import { PayoutMovedError } from './lane-errors.js';
import type { PayoutState } from './payout.js';
import { type PayoutRecord, selectPayouts, toRecord } from './payout-record.js';

export interface LaneName {
  readonly app: string;
  readonly wallet: string;
}

interface Later {
  readonly ids: readonly string[];
  readonly uids: readonly string[];
}

/** Most that one look takes in. */
const AT_ONCE = 500;

const IN_FLIGHT: readonly PayoutState[] = ['created', 'signed', 'submitted', 'paid', 'cancelling'];

/** What a lane has to do, in the order it was asked for. */
export class LaneReader {
  constructor(
    protected readonly ledger: PiLedger<unknown>,
    protected readonly lane: LaneName,
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
}
