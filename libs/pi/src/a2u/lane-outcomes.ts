import type { PayoutRecord } from './payout-record.js';
import type { Tenure } from './tenure.js';

/** Rule 6: `paid` is on disk before Pi is told. Until the next one is on its way, whatever can wait does. */
export async function notePaid(
  t: Tenure,
  payout: PayoutRecord,
  txid: string,
  event: { kind: string; detail: string; attempt?: number } = { kind: 'found', detail: txid },
): Promise<true> {
  if (!t.stopping && !t.ended) t.errands.shut();
  const changes = { txid, parked: null, review: null, tries: 0, restMs: 0 };
  const paid = await t.store.change(payout, 'paid', changes, event);
  t.carryOn(payout.id);
  await t.step('paid_committed', paid);
  t.finishing.ring();
  return true;
}

/** Waits for somebody to change something outside: money in the wallet, a limit. Parking permits no cancel. */
export async function park(
  t: Tenure,
  payout: PayoutRecord,
  why: string,
  ms: number = t.parts.settings.haltMs,
): Promise<void> {
  if (payout.parked !== why) {
    t.parts.logger.warn(`Payout ${payout.id} is parked: ${why}`);
    await t.store.change(payout, payout.state, { parked: why, restMs: ms }, { kind: 'parked', detail: why });
  }
  t.pause(payout.id, ms);
}
