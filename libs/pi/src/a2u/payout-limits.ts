import { PiAmount } from '../chain/pi-amount.js';
import type { LedgerSession } from '../ledger/ledger-session.js';
import { LimitReachedError } from './lane-errors.js';
import type { LaneWallet } from './lane-parts.js';
import type { PayoutRecord } from './payout-record.js';

/**
 * What was let past or signed in the last 24 h counts unless it ended unpaid, and what may still be paid, however long. Until this
 * transaction ends, nobody else lets anything past the limits of this wallet: its own lane, and others that hand a payout over to it,
 * cannot both take the last of one.
 *
 * @throws LimitReachedError
 */
export async function holdToLimits(
  session: LedgerSession,
  { address, name, limits }: LaneWallet,
  payout: PayoutRecord,
): Promise<void> {
  const { perPayout, perDay, perUidAndDay } = limits;
  if (perPayout !== undefined && payout.stroops > perPayout)
    throw new LimitReachedError(
      `${payout.amount} Pi is more than one payout of the wallet ${name} may be (${pi(perPayout)} Pi)`,
    );
  if (perDay === undefined && perUidAndDay === undefined) return;

  await session.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `nestjs-pi limits of ${payout.app} ${address}`,
  ]);
  const { total, own } = await admittedToday(session, payout, address);
  if (perDay !== undefined && total + payout.stroops > perDay)
    throw new LimitReachedError(
      `the wallet ${name} may pay ${pi(perDay)} Pi in 24 h, and ${pi(total)} Pi of it are used`,
    );
  if (perUidAndDay !== undefined && own + payout.stroops > perUidAndDay)
    throw new LimitReachedError(
      `one Pioneer may get ${pi(perUidAndDay)} Pi in 24 h from the wallet ${name}, and ${payout.uid} got ${pi(own)} Pi`,
    );
}

async function admittedToday({ query }: LedgerSession, { app, uid, id }: PayoutRecord, wallet: string) {
  const { rows } = await query<{ total: string; own: string }>(
    `select coalesce(sum(stroops), 0)::text as total, coalesce(sum(stroops) filter (where uid = $3), 0)::text as own
     from pi.payouts
     where app = $1 and wallet = $2 and id <> $4::uuid and state not in ('cancelled', 'failed')
       and (admitted_at > now() - interval '24 hours'
         or (txid is null and state in ('created', 'signed', 'submitted', 'paid', 'cancelling', 'needs_review'))
         or (create_sent and state = 'requested'))`,
    [app, wallet, uid, id],
  );
  return { total: BigInt(rows[0]!.total), own: BigInt(rows[0]!.own) };
}

function pi(stroops: bigint): string {
  return PiAmount.ofStroops(stroops).toString();
}
