import type { AccountVersion } from '../chain/chain.types.js';
import { amountOf } from '../chain/envelope.js';
import { isoTime } from './iso-time.js';

/** @param modifiedAt close time of the ledger of the account's last change, Unix seconds */
export function accountRecord(account: AccountVersion, modifiedAt: number, origin: string): Record<string, unknown> {
  const { address, balance, sequence, sequenceLedger, sequenceTime, ledger } = account;
  const self = `${origin}/accounts/${address}`;
  const listing = (name: string): unknown => ({ href: `${self}/${name}{?cursor,limit,order}`, templated: true });
  return {
    _links: {
      self: { href: self },
      transactions: listing('transactions'),
      operations: listing('operations'),
      payments: listing('payments'),
      effects: listing('effects'),
      offers: listing('offers'),
      trades: listing('trades'),
      // The official clients rename `data` to `data_attr` only because this link is there.
      data: { href: `${self}/data/{key}`, templated: true },
    },
    id: address,
    account_id: address,
    sequence: sequence.toString(),
    ...(sequenceLedger !== undefined && { sequence_ledger: sequenceLedger }),
    ...(sequenceTime !== undefined && { sequence_time: String(sequenceTime) }),
    subentry_count: 0,
    last_modified_ledger: ledger,
    last_modified_time: isoTime(modifiedAt),
    thresholds: { low_threshold: 0, med_threshold: 0, high_threshold: 0 },
    flags: { auth_required: false, auth_revocable: false, auth_immutable: false, auth_clawback_enabled: false },
    balances: [
      {
        balance: amountOf(balance),
        buying_liabilities: '0.0000000',
        selling_liabilities: '0.0000000',
        asset_type: 'native',
      },
    ],
    signers: [{ weight: 1, key: address, type: 'ed25519_public_key' }],
    data: {},
    num_sponsoring: 0,
    num_sponsored: 0,
    paging_token: address,
  };
}
