import { LimitReachedError } from './lane-errors.js';
import type { PayoutRecord } from './payout-record.js';
import type { Tenure } from './tenure.js';

/**
 * Pi alone decides which wallet of an app a payment leaves from. A payout for which nothing is signed yet moves to the lane of
 * that wallet, when it is one of ours and its limits allow.
 *
 * @returns why it cannot; undefined when it has moved
 */
export async function handOver(t: Tenure, payout: PayoutRecord, address: string): Promise<string | undefined> {
  const { store, parts } = t;
  const other = parts.wallets.get(address);
  if (!other) return `Pi pays it from the wallet ${address}: add that wallet to the option \`wallets\``;
  try {
    await store.handOver(payout, other);
  } catch (error) {
    if (error instanceof LimitReachedError) return error.message;
    throw error;
  }
  parts.logger.log(`Payout ${payout.id} has moved from ${parts.wallet.name} to ${other.name}: Pi pays it from there`);
  return undefined;
}
