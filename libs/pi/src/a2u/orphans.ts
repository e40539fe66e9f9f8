import { settleByFound } from './found-payment.js';
import type { Evidence, PayoutFacts, PiView } from './payout.evidence.js';
import type { PayoutRecord } from './payout-record.js';
import { decide } from './payout.rules.js';
import type { Tenure } from './tenure.js';

/**
 * A second payment at Pi for a key that is bound to another, or ended without one: it blocks new ones and is nobody's. It is
 * cancelled like a payout of its own, by the proof of rule 3 read from the chain. One that was paid all the same is completed, and the
 * payout of its key is not paid again unseen.
 */
export async function cancelOrphan(t: Tenure, view: PiView, row: PayoutRecord): Promise<void> {
  const { chain, parts, store, call } = t;
  const { lossyUntil } = t.facts(row);
  const facts: PayoutFacts = {
    key: row.idempotencyKey,
    wallet: parts.wallet.address,
    uid: view.uid,
    stroops: view.stroops,
    identifier: view.identifier,
    destination: view.to,
    createdAtPi: view.createdAt,
    attempts: [],
    cancelWanted: true,
    ...(lossyUntil !== undefined && { lossyUntil }),
  };
  const reading = await chain.withClose(await chain.account());
  const history = await chain.history(facts, reading);
  const evidence: Evidence = { chain: await chain.identity(row.attempts.at(-1)), account: reading, history, pi: view };
  const decision = decide(facts, evidence, parts.rules);
  if (decision.do === 'cancel') {
    // Nothing is left to do of one that Pi still lists.
    if (view.cancelled) return;
    // On disk before Pi is told; once, however often Pi refuses.
    if (await store.noteOnce(row, { kind: 'orphan', detail: view.identifier }))
      parts.logger.warn(
        `Pi holds a second payment of the key "${row.idempotencyKey}": ${view.identifier} is cancelled`,
      );
    await parts.platform.cancelPayment(view.identifier, call);
  } else if (decision.do === 'note_paid') {
    const record = history.records.find(({ hash }) => hash === decision.txid)!;
    await store.whileLocked(row, (session, payout) => settleByFound(session, parts, payout, { view, record }));
    // Whatever becomes of the payout, the money has moved: until Pi is told, it is in the way of every payout to that Pioneer.
    await parts.platform.completePayment(view.identifier, decision.txid, call);
  }
}
