import type { LaneParts } from './lane-parts.js';
import { paymentAt } from './payment-at.js';
import { toPiView } from './payout-metadata.js';
import { type PayoutRecord, toFacts } from './payout-record.js';
import type { PayoutFacts, PiView, WalletRecord } from './payout.evidence.js';
import { disagreements, isOurs } from './payout.rules.js';

/** A second payment of the key of a payout, at Pi. */
export interface OtherPayment {
  readonly view: PiView;
  /** Between what the payout asks for and what that payment is. */
  readonly differences: readonly string[];
}

/**
 * The payment of the same key that this transaction paid. From whichever wallet: the payout may have been asked of another one then.
 *
 * @returns undefined when Pi or the chain does not say so. That Pi does not know the payment proves nothing.
 */
export async function otherPayment(
  parts: LaneParts,
  payout: PayoutRecord,
  record: WalletRecord,
): Promise<OtherPayment | undefined> {
  if (record.memo === undefined || !record.successful) return undefined;
  const payment = await paymentAt(parts.platform, record.memo);
  const view = payment && toPiView(payment);
  if (!view || view.key !== payout.idempotencyKey || view.instance !== parts.instance) return undefined;
  if (!isOurs({ ...factsAs(payout, view), stroops: view.stroops }, record)) return undefined;
  return { view, differences: differences(payout, view, parts.passphrase) };
}

/** Between what the payout asks for and what a payment of its key is: whichever wallet it is from, to whichever of the Pioneer's. */
export function differences(payout: PayoutRecord, view: PiView, network: string): string[] {
  return disagreements(factsAs(payout, view), view, network);
}

/** As if the payout were bound to that payment. */
function factsAs(payout: PayoutRecord, { from: wallet, identifier, to: destination }: PiView): PayoutFacts {
  return { ...toFacts(payout), wallet, identifier, destination, attempts: [] };
}
