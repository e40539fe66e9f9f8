import type { ChainSubmission } from '../chain/chain-transaction.js';
import { answerMeans, isInLedger, outcomeOf } from './chain-answer.rules.js';
import type { WalletReading } from './chain-reader.js';
import { LaneHaltedError } from './lane-errors.js';
import { notePaid, park } from './lane-outcomes.js';
import type { PayoutDecision } from './payout.decision.js';
import type { PayoutRecord, SignedAttempt } from './payout-record.js';
import { successOfOurs } from './payout.rules.js';
import { signAttempt } from './sign-attempt.js';
import type { Tenure } from './tenure.js';

/** What the chain refuses waits once as long after its first attempt, twice after the second, and never longer than so many times. */
const LONGEST_PAUSE = 60;

/** Signs what the rules let it sign, sends it, and acts on the chain's answer. Each answers true when that paid the payout. */
export class LanePosting {
  constructor(private readonly t: Tenure) {}

  async sign(
    payout: PayoutRecord,
    { sequence, maxTime, why }: PayoutDecision & { do: 'sign' },
    reading: WalletReading,
  ): Promise<boolean> {
    const attempt = await signAttempt(this.t, payout, { sequence, maxTime, why, reading });
    if (!attempt) return this.#parkUntilFunded(payout);
    await this.t.step('attempt_signed', payout);
    const committed = await this.t.store.insertAttempt(payout, attempt, why);
    await this.t.step('attempt_committed', committed);
    return this.post(committed);
  }

  /** Always the newest envelope; posting it again is harmless. */
  async post(payout: PayoutRecord): Promise<boolean> {
    const { chain, parts, store, call } = this.t;
    const attempt = payout.attempts.at(-1)!;
    this.t.errands.open();
    this.t.preparing.ring();
    void this.#lookAhead(payout);
    const answer = await parts.horizon.submit(attempt.envelope, call);
    await this.t.step('submit_posted', payout);
    const event = { kind: 'answer', detail: outcomeOf(answer), attempt: attempt.number };
    if (answer.kind === 'applied' && answer.transaction) chain.add(answer.transaction);
    const paid = successOfOurs(this.t.facts(payout), chain.known, parts.rules);
    if (paid) return notePaid(this.t, payout, paid.hash, event);

    const action = answerMeans(answer);
    const noted = await store.change(
      payout,
      'submitted',
      action === 'want_cancel'
        ? { cancel_wanted: payout.cancelWanted ?? `the chain refuses it: ${outcomeOf(answer)}` }
        : {},
      event,
    );
    await this.t.step('submit_noted', noted);
    switch (action) {
      case 'look_up':
      case 'want_cancel':
        this.#again(noted, answer);
        return false;
      case 'again':
        this.t.pause(noted.id, this.#askedFor(answer));
        return false;
      case 'raise_fee':
        this.#feeRefused(noted, attempt);
        return false;
      case 'park':
        await this.#parkUntilFunded(noted);
        this.#again(noted, answer);
        return false;
      case 'seldom': {
        const pauseMs = parts.settings.haltMs * Math.min(noted.signed, LONGEST_PAUSE);
        await park(this.t, noted, `the chain refuses it: ${outcomeOf(answer)}`, pauseMs);
        this.#again(noted, answer);
        return false;
      }
      case 'stop_lane':
        throw new LaneHaltedError(`Horizon refuses what ${parts.wallet.name} signs: ${outcomeOf(answer)}`);
      default:
        return action satisfies never;
    }
  }

  async #parkUntilFunded(payout: PayoutRecord): Promise<false> {
    await park(this.t, payout, `the wallet ${this.t.parts.wallet.name} holds too little for it`);
    return false;
  }

  /**
   * How long Horizon wants to be left alone. A 429 refused the envelope, and is obeyed; after any other answer it may have got through, so
   * what became of it is not left unknown for longer than after one that asks for nothing.
   */
  #askedFor(answer: ChainSubmission): number | undefined {
    if (answer.kind !== 'unknown' || !answer.retryAfterMs) return undefined;
    if (answer.reason === 'rate_limited') return answer.retryAfterMs;
    return Math.min(answer.retryAfterMs, this.t.parts.settings.maxBackoffMs);
  }

  /** What is in a ledger is looked up soon: until that is seen it keeps the others waiting. What is not is not tried in a hurry. */
  #again(payout: PayoutRecord, answer: ChainSubmission): void {
    if (answer.kind === 'applied') this.t.pause(payout.id, 50);
    else if (isInLedger(answer)) this.t.pause(payout.id, this.t.parts.settings.backoffMs);
    else this.t.pause(payout.id);
  }

  #feeRefused(payout: PayoutRecord, attempt: SignedAttempt): void {
    const memory = this.t.memoryOf(payout.id);
    const told = memory.feeTooLow === attempt.hash;
    memory.feeTooLow = attempt.hash;
    if (attempt.fee < this.t.parts.wallet.fee.max) return;
    if (!told)
      this.t.parts.logger.warn(
        `Payout ${payout.id} waits: the network asks for more than the fee cap of ${attempt.fee} stroops. Raise wallets[].fee.max to go on.`,
      );
    // core forgets a refused copy only after about ten ledgers: until then the same one posted again leads nowhere.
    this.t.pause(payout.id, this.t.parts.settings.haltMs);
  }

  /** While one waits for its ledger, Pi is asked about the next: so nothing but the chain is asked in between. */
  async #lookAhead(current: PayoutRecord): Promise<void> {
    try {
      const next = (await this.t.store.prepared(2, this.t.unseen)).find(({ id }) => id !== current.id);
      if (next) await this.t.pi.lookAhead(next.identifier!);
    } catch (error) {
      if (!this.t.ended) this.t.parts.logger.debug(`Looking ahead failed: ${String(error)}`);
    }
  }
}
