import type { LedgerSession } from '../ledger/ledger-session.js';
import { PiPayoutResolutionError } from './payout-errors.js';
import type { PayoutResolution } from './payout.js';
import type { PayoutRecord } from './payout-record.js';

/** Wallets with unsettled payouts that are not among `addresses`: no lane works for them. */
export async function walletsLeftOut(
  { query }: LedgerSession,
  app: string,
  addresses: readonly string[],
): Promise<readonly { wallet: string; open: number }[]> {
  const { rows } = await query<{ wallet: string; open: string }>(
    `select wallet, count(*)::text as open from pi.payouts
     where app = $1 and wallet <> all ($2::text[]) and (
       state = 'requested' or state in ('created', 'signed', 'submitted', 'paid', 'cancelling', 'needs_review')
     )
     group by wallet order by wallet`,
    [app, addresses],
  );
  return rows.map(({ wallet, open }) => ({ wallet, open: Number(open) }));
}

export function walletLeftOut({ id, wallet }: PayoutRecord, action: PayoutResolution['action']): Error {
  return new PiPayoutResolutionError(
    id,
    action,
    `its wallet ${wallet} is not among the option \`wallets\`: add it, and decide then.`,
  );
}
