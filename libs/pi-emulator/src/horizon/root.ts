import type { Chain } from '../chain/chain.js';
import type { ChainView } from '../chain/chain-view.js';
import { isoTime } from './iso-time.js';

const PAGE = '{?cursor,limit,order}';

/** `GET /`: which network this is, and how far it has got. */
export function rootRecord(chain: Chain, view: ChainView, origin: string): Record<string, unknown> {
  const link = (path: string): unknown => ({
    href: `${origin}${path}`,
    ...(path.includes('{') && { templated: true }),
  });
  return {
    _links: {
      account: link('/accounts/{account_id}'),
      account_transactions: link(`/accounts/{account_id}/transactions${PAGE}`),
      fee_stats: link('/fee_stats'),
      ledger: link('/ledgers/{sequence}'),
      ledgers: link(`/ledgers${PAGE}`),
      operation: link('/operations/{id}'),
      operations: link('/operations{?cursor,limit,order,include_failed}'),
      payments: link('/payments{?cursor,limit,order,include_failed}'),
      self: link('/'),
      transaction: link('/transactions/{hash}'),
      transactions: link(`/transactions${PAGE}`),
    },
    horizon_version: '2.30.0-pi-emulator',
    core_version: `stellar-core ${chain.protocol}.0.0 (pi-emulator)`,
    ingest_latest_ledger: view.ledger,
    history_latest_ledger: view.ledger,
    history_latest_ledger_closed_at: isoTime(view.header.closedAt),
    history_elder_ledger: chain.elder,
    core_latest_ledger: chain.ledgers.latestSequence,
    network_passphrase: chain.passphrase,
    current_protocol_version: chain.protocol,
    supported_protocol_version: chain.protocol,
    core_supported_protocol_version: chain.protocol,
  };
}
