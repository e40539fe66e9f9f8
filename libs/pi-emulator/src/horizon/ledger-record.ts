import type { Chain } from '../chain/chain.js';
import type { LedgerHeader } from '../chain/chain.types.js';
import { amountOf } from '../chain/envelope.js';
import { isoTime } from './iso-time.js';
import { tokenOf, type Paged } from './page.js';

const TOTAL_PI = 1_000_000_000_000_000_000n;

export function ledgerRecord(chain: Chain, header: LedgerHeader, origin: string): Paged & Record<string, unknown> {
  const { sequence, hash, previousHash, closedAt } = header;
  const transactions = chain.history.ofLedger(sequence);
  const successful = transactions.filter((transaction) => transaction.successful);
  const count = (list: typeof transactions): number => list.reduce((sum, { operations }) => sum + operations.length, 0);
  const self = `${origin}/ledgers/${sequence}`;
  const listing = (name: string): unknown => ({ href: `${self}/${name}{?cursor,limit,order}`, templated: true });
  return {
    _links: {
      self: { href: self },
      transactions: listing('transactions'),
      operations: listing('operations'),
      payments: listing('payments'),
      effects: listing('effects'),
    },
    id: hash,
    paging_token: tokenOf(sequence).toString(),
    hash,
    prev_hash: previousHash,
    sequence,
    successful_transaction_count: successful.length,
    failed_transaction_count: transactions.length - successful.length,
    operation_count: count(successful),
    tx_set_operation_count: count(transactions),
    closed_at: isoTime(closedAt),
    total_coins: amountOf(TOTAL_PI),
    fee_pool: amountOf(0n),
    base_fee_in_stroops: Number(chain.baseFee),
    base_reserve_in_stroops: Number(chain.baseReserve),
    max_tx_set_size: 1000,
    protocol_version: chain.protocol,
  };
}
