import type { PiLedger } from '../ledger/pi-ledger.js';
import { ChainReader, type WalletReading } from './chain-reader.js';
import type { LaneParts } from './lane-parts.js';
import type { WalletHistory } from './payout.evidence.js';
import { type PayoutRecord, recallAttempts, toFacts } from './payout-record.js';
import { covers, isDead, sameChain, successOfOurs, TIME_BOUND } from './payout.rules.js';
import type { ReviewReason } from './review-reasons.js';

export type Refuse = (problem: string) => Error;

/** The clocks of the database and of a chain that is gone may differ by so much, in seconds. */
const CLOCK_MARGIN = 600;

/** The person says that nothing in the gap paid it. What lies above and below is read from the history. */
export async function vouched(
  parts: LaneParts,
  payout: PayoutRecord,
  refuse: Refuse,
): Promise<{ readonly baseline?: bigint }> {
  const chain = await openReader(parts);
  const reading = await chain.account();
  const coverage = covers(toFacts(payout), reading, await unpaid(parts, chain, payout, reading, refuse));
  return coverage.covered ? {} : { baseline: coverage.missing };
}

/** Nothing paid it, and nothing can pay it any more. */
export async function checkDead(
  parts: LaneParts,
  payout: PayoutRecord,
  reason: ReviewReason,
  refuse: Refuse,
): Promise<void> {
  if (reason === 'chain_identity_lost') {
    // That chain cannot be asked any more: only time is left.
    const now = await databaseTime(parts.ledger);
    const alive = payout.attempts.some(({ maxTime }) => maxTime + CLOCK_MARGIN > now);
    if (alive)
      throw refuse('an attempt may still apply on the chain it was signed for: wait until its time bound is past.');
    return;
  }
  const chain = await openReader(parts);
  const reading = await chain.withClose(await chain.account());
  await unpaid(parts, chain, payout, reading, refuse);
  if (!isDead(payout.attempts, reading)) throw refuse('an attempt may still apply: wait until its time bound is past.');
  const { commitsMissingBefore: missing } = parts;
  const lostUntil = missing && missing.getTime() / 1_000 + TIME_BOUND + CLOCK_MARGIN;
  if (lostUntil !== undefined && !(reading.closedAt !== undefined && reading.closedAt > lostUntil))
    throw refuse(
      `an attempt that was lost when the database crashed may still apply: wait until ${new Date(lostUntil * 1_000).toISOString()}.`,
    );
}

/** Since the payout was begun, past every gap: no success of it. On the chain it was signed for, or nothing is proven. */
async function unpaid(
  { ledger }: LaneParts,
  chain: ChainReader,
  payout: PayoutRecord,
  reading: WalletReading,
  refuse: Refuse,
): Promise<WalletHistory> {
  const facts = toFacts(payout);
  const history = await chain.wholeHistory(facts, reading);
  // Asked after the evidence was read: the chain may have begun anew meanwhile.
  if (!sameChain({ chain: await chain.identity(payout.attempts.at(-1)) }))
    throw refuse(
      'Horizon is on another chain than the one it was signed for, or does not show that ledger: check `horizonUrl`, or try again later.',
    );
  const paid = successOfOurs(await recallAttempts(ledger, payout, facts, history), history);
  if (paid) throw refuse(`the chain shows that ${paid.hash} paid it: resolve it as paid, with that hash.`);
  return history;
}

/** Of the instance a person happens to ask, nobody knows how right its clock is. In seconds. */
async function databaseTime(ledger: PiLedger<unknown>): Promise<number> {
  const { rows } = await ledger.read(({ query }) =>
    query<{ now: string }>('select extract(epoch from clock_timestamp())::bigint::text as now'),
  );
  return Number(rows[0]!.now);
}

/** Without patience for a Horizon that lags: a person asks again. */
function openReader({ horizon, wallet, passphrase, rules }: LaneParts): Promise<ChainReader> {
  return ChainReader.open({ horizon, wallet: wallet.address, passphrase, rules, patienceMs: 0 });
}
