import type { Evidence, PayoutFacts, PiView } from './payout.evidence.js';
import type { PayoutRecord } from './payout-record.js';
import { decide } from './payout.rules.js';
import type { Tenure } from './tenure.js';

/**
 * A second payment at Pi for a key that is bound to another, or ended without one: it blocks new ones and is nobody's. It is
 * cancelled like a payout of its own, by the proof of rule 3 read from the chain; one that was paid all the same is for a person.
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
    parts.logger.warn(`Pi holds a second payment of the key "${row.idempotencyKey}": ${view.identifier} is cancelled`);
    await store.note(row, { kind: 'orphan', detail: view.identifier });
    await parts.platform.cancelPayment(view.identifier, call);
  } else if (decision.do === 'note_paid') {
    parts.logger.error(
      `Pi holds two payments of the key "${row.idempotencyKey}", and ${view.identifier} was paid by ${decision.txid}: this database has lost writes`,
    );
    if (row.state === 'paid' || row.state === 'completed') {
      // Nobody else will, and until then it is in the way of every payout to its Pioneer.
      await store.note(row, { kind: 'orphan', detail: view.identifier });
      await parts.platform.completePayment(view.identifier, decision.txid, call);
    } else if (isInDoubt(row) && row.wallet === parts.wallet.address) {
      await store.change(row, 'needs_review', { review: 'two_identifiers' }, { kind: 'review', detail: decision.txid });
    }
  }
}

/** It counts as unpaid, or as somebody's question about something else, and its key was paid. */
function isInDoubt({ state, reviewCode, identifier, txid }: PayoutRecord): boolean {
  return (
    identifier !== undefined && txid === undefined && !(state === 'needs_review' && reviewCode === 'two_identifiers')
  );
}
