import { PiAmount } from '../chain/pi-amount.js';
import type { LaneParts } from './lane-parts.js';

/** How a lane is doing, for health checks and metrics. */
export interface LaneReport {
  /** Name of the wallet; its address where it has none. */
  readonly wallet: string;
  readonly address: string;
  /** Some instance holds the lane. */
  readonly held: boolean;
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
  const { rows } = await ledger.read(({ query }) =>
    query<{ open: string; review: string; due: string; lag: string; held: boolean }>(
      `select
         count(*) filter (where state <> 'needs_review')::text as open,
         count(*) filter (where state = 'needs_review')::text as review,
         coalesce(sum(stroops) filter (where state in ('requested', 'created', 'signed', 'submitted')), 0)::text as due,
         coalesce(extract(epoch from now() - min(created_at) filter (where state <> 'needs_review')) * 1000, 0)::text as lag,
         exists (select from pi.leases where name = $3 and expires_at > clock_timestamp()) as held
       from pi.payouts
       where app = $1 and wallet = $2 and (
         state = 'requested' or state in ('created', 'signed', 'submitted', 'paid', 'cancelling', 'needs_review')
       )`,
      [app, wallet.address, `payouts:${app}:${wallet.address}`],
    ),
  );
  const { open, review, due, lag, held } = rows[0]!;
  return {
    wallet: wallet.name,
    address: wallet.address,
    held,
    open: Number(open),
    lagMs: Number(lag),
    needsReview: Number(review),
    due: PiAmount.ofStroops(BigInt(due)),
    lowBalance: wallet.lowBalance === undefined ? undefined : PiAmount.ofStroops(wallet.lowBalance),
  };
}
