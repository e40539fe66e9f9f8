import { type AppliedTransactionView, viewApplied } from '../../control/applied-view.js';
import type { PiEmulator } from '../../emulator.js';
import type { ActiveFault } from '../../faults/fault.js';
import type { JournalEntry } from '../../journal/journal.js';
import { toPiString } from '../../platform/amount.js';
import type { PaymentDto } from '../../platform/payment.js';

/** What the dashboard shows: the newest of everything, newest first. */
export interface Overview {
  app: { url: string; apiKey: string; appId: string; network: string; wallets: { address: string; balance: string }[] };
  ledger: { sequence: number; ms: number | 'manual' };
  pioneers: { uid: string; username: string; scopes: readonly string[]; walletAddress: string; balance: string }[];
  payments: PaymentDto[];
  ads: { adId: string; uid: string; status: string | null }[];
  transactions: Omit<AppliedTransactionView, 'envelopeXdr'>[];
  faults: ActiveFault[];
  journal: JournalEntry[];
}

const SHOWN = 40;

export function overview(emulator: PiEmulator): Overview {
  const { chain, platform, faults } = emulator;
  const balance = (address: string) => toPiString(chain.account(address)?.balance ?? 0n);
  const newest = <T>(list: readonly T[]): T[] => list.slice(-SHOWN).toReversed();
  return {
    app: {
      url: emulator.url,
      apiKey: emulator.apiKey,
      appId: emulator.appId,
      network: emulator.network,
      wallets: emulator.wallets.map(({ address }) => ({ address, balance: balance(address) })),
    },
    ledger: { sequence: chain.latest.sequence, ms: chain.ledgerMs },
    pioneers: newest(platform.pioneers.list()).map((pioneer) => ({
      ...pioneer,
      balance: balance(pioneer.walletAddress),
    })),
    payments: newest(platform.payments.list()).map((payment) => platform.payments.toDto(payment)),
    ads: newest(platform.ads.export()).map(({ adId, uid, status }) => ({ adId, uid, status })),
    transactions: newest(chain.transactions()).map((transaction) => {
      const { envelopeXdr: _, ...view } = viewApplied(transaction);
      return view;
    }),
    faults: faults.list(),
    journal: newest(emulator.journal()),
  };
}
