import type { Chain } from '../chain/chain.js';
import type { ChainView } from '../chain/chain-view.js';

/** Horizon looks at the last five ledgers. */
const LEDGERS = 5;
const PERCENTILES = [10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99] as const;

/** `GET /fee_stats`: fees of one operation, in stroops, as strings. While blocks are full, what gets in is dearer. */
export function feeStats(chain: Chain, view: ChainView): Record<string, unknown> {
  const charged: bigint[] = [];
  const offered: bigint[] = [];
  for (let ledger = Math.max(view.ledger - LEDGERS + 1, chain.ledgers.first); ledger <= view.ledger; ledger += 1) {
    for (const { feeCharged, maxFee, operations, innerHash } of chain.history.ofLedger(ledger)) {
      const count = BigInt(operations.length + (innerHash ? 1 : 0));
      charged.push(feeCharged / count);
      offered.push(maxFee / count);
    }
  }
  const { baseFee } = chain;
  const { effectiveFee } = chain.mempool;
  const isSurge = effectiveFee > baseFee;
  return {
    last_ledger: String(view.ledger),
    last_ledger_base_fee: String(baseFee),
    ledger_capacity_usage: isSurge ? '1.00' : '0.01',
    fee_charged: spread(isSurge ? [effectiveFee] : charged, effectiveFee),
    max_fee: spread(isSurge ? [effectiveFee] : offered, effectiveFee),
  };
}

function spread(values: readonly bigint[], fallback: bigint): Record<string, string> {
  const sorted = values.toSorted((a, b) => (a < b ? -1 : Number(a > b)));
  const at = (percent: number): string =>
    String(sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? fallback);
  const stats: Record<string, string> = { max: at(100), min: at(0), mode: String(mode(sorted) ?? fallback) };
  for (const percent of PERCENTILES) stats[`p${percent}`] = at(percent);
  return stats;
}

function mode(values: readonly bigint[]): bigint | undefined {
  const counts = new Map<bigint, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0];
}
