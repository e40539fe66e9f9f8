import type { EmulatedPioneer } from 'pi-emulator';
import { operator, type TestShop } from './test-shop.js';
import { eventually } from './eventually.js';

/**
 * A refund that was paid on the chain, and then cancelled at Pi by somebody else: Pi will not be told of it, so a person has
 * to decide.
 */
export async function payoutInReview(
  { pi, buy, get, post }: TestShop,
  pioneer: EmulatedPioneer,
): Promise<{ payoutId: string; txid: string }> {
  const orderId = await buy(pioneer, 'postcard', '0.1');
  pi.addFault({ match: { method: 'POST', path: '/v2/payments/*/complete' }, fault: 'error', status: 503 });
  const { payoutId } = (await post(`/api/orders/${orderId}/refund`, undefined, operator)).body;
  const payout = async () => (await get(`/api/payouts/${payoutId}`, operator)).body;
  await eventually(async () => (await payout()).state === 'paid');
  const { identifier, txid } = await payout();
  const cancelled = await fetch(`${pi.platformUrl}/payments/${identifier}/cancel`, {
    method: 'POST',
    headers: { authorization: `Key ${pi.apiKey}` },
  });
  if (!cancelled.ok) throw new Error(`Pi answered ${cancelled.status} ${await cancelled.text()}`);
  pi.clearFaults();
  await eventually(async () => (await payout()).state === 'needs_review');
  return { payoutId, txid };
}
