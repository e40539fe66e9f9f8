import { PiAmount } from '../chain/pi-amount.js';
import type { LaneParts } from './lane-parts.js';
import type { PayoutState } from './payout.js';

/** How a lane is doing, for health checks and metrics. */
export interface LaneReport {
  /** Name of the wallet; its address where it has none. */
  readonly wallet: string;
  readonly address: string;
  /** Some instance holds the lane. */
  readonly held: boolean;
  /** Payouts not settled, by state; those that wait for a person among them. */
  readonly states: Readonly<Partial<Record<PayoutState, number>>>;
  /** Payouts not settled, without those that wait for a person. */
  readonly open: number;
  /** How long the oldest of them has been open, in milliseconds; 0 without any. */
  readonly lagMs: number;
  /** Payouts that wait for a person. */
  readonly needsReview: number;
  /** What open payouts will take from the wallet. */
  readonly due: PiAmount;
  readonly lowBalance: PiAmount | undefined;
}

export async function reportLane({ app, wallet, ledger }: LaneParts): Promise<LaneReport> {
  const lease = `payouts:${app}:${wallet.address}`;
  const [byState, held] = await ledger.read(({ query }) =>
    Promise.all([
      query<{ state: PayoutState; payouts: string; stroops: string; age: string }>(
        `select state, count(*)::text as payouts, sum(stroops)::text as stroops,
           (extract(epoch from clock_timestamp() - min(created_at)) * 1000)::text as age
         from pi.payouts
         where app = $1 and wallet = $2 and (
           state = 'requested' or state in ('created', 'signed', 'submitted', 'paid', 'cancelling', 'needs_review')
         )
         group by state`,
        [app, wallet.address],
      ),
      query(`select 1 from pi.leases where name = $1 and expires_at > clock_timestamp()`, [lease]),
    ]),
  );
  const open = byState.rows.filter(({ state }) => state !== 'needs_review');
  const due = open.filter(({ state }) => UNPAID.has(state)).reduce((sum, { stroops }) => sum + BigInt(stroops), 0n);
  const states = Object.fromEntries(byState.rows.map(({ state, payouts }) => [state, Number(payouts)]));
  return {
    wallet: wallet.name,
    address: wallet.address,
    held: held.rows.length > 0,
    states,
    open: open.reduce((sum, { payouts }) => sum + Number(payouts), 0),
    lagMs: Math.max(0, ...open.map(({ age }) => Number(age))),
    needsReview: states['needs_review'] ?? 0,
    due: PiAmount.ofStroops(due),
    lowBalance: wallet.lowBalance === undefined ? undefined : PiAmount.ofStroops(wallet.lowBalance),
  };
}

/** What these still take from the wallet. */
const UNPAID: ReadonlySet<PayoutState> = new Set(['requested', 'created', 'signed', 'submitted']);
