import { PiAmount } from '../chain/pi-amount.js';
import type { LedgerSession } from '../ledger/ledger-session.js';
import type { LaneWallet } from './lane-parts.js';
import type { PayoutRecord } from './payout-record.js';

/**
 * Which limit of the wallet this payout would break now; undefined: none. What was let past in the last 24 h counts unless
 * it ended unpaid. Asked by the one worker that holds the lane, so two payouts cannot both take the last of it.
 */
export async function brokenLimit(
  session: LedgerSession,
  { address, name, limits }: LaneWallet,
  payout: PayoutRecord,
): Promise<string | undefined> {
  const { perPayout, perDay, perUidAndDay } = limits;
  if (perPayout !== undefined && payout.stroops > perPayout)
    return `${payout.amount} Pi is more than one payout of the wallet ${name} may be (${pi(perPayout)} Pi)`;
  if (perDay === undefined && perUidAndDay === undefined) return undefined;

  const { total, own } = await admittedToday(session, payout, address);
  if (perDay !== undefined && total + payout.stroops > perDay)
    return `the wallet ${name} may pay ${pi(perDay)} Pi in 24 h, and ${pi(total)} Pi of it are used`;
  if (perUidAndDay !== undefined && own + payout.stroops > perUidAndDay)
    return `one Pioneer may get ${pi(perUidAndDay)} Pi in 24 h from the wallet ${name}, and ${payout.uid} got ${pi(own)} Pi`;
  return undefined;
}

async function admittedToday({ query }: LedgerSession, { app, uid, id }: PayoutRecord, wallet: string) {
  const { rows } = await query<{ total: string; own: string }>(
    `select coalesce(sum(stroops), 0)::text as total, coalesce(sum(stroops) filter (where uid = $3), 0)::text as own
     from pi.payouts
     where app = $1 and wallet = $2 and admitted_at > now() - interval '24 hours'
       and state not in ('cancelled', 'failed') and id <> $4::uuid`,
    [app, wallet, uid, id],
  );
  return { total: BigInt(rows[0]!.total), own: BigInt(rows[0]!.own) };
}

function pi(stroops: bigint): string {
  return PiAmount.ofStroops(stroops).toString();
}
