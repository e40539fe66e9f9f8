import { answerMeans, outcomeOf } from './chain-answer.rules.js';
import type { WalletReading } from './chain-reader.js';
import { handOver } from './hand-over.js';
import type { PayoutDecision, SigningReason } from './payout.decision.js';
import type { Evidence, PiView } from './payout.evidence.js';
import type { PayoutRecord, SignedAttempt } from './payout-record.js';
import { decide, isDead, mayCancelUnread, successOfOurs } from './payout.rules.js';
import { LaneHaltedError } from './lane-errors.js';
import { type ReviewReason, REVIEW_REASONS } from './review-reasons.js';
import { signAttempt } from './sign-attempt.js';
import type { Tenure } from './tenure.js';

/** The one payout of a wallet whose turn it is: gathers its evidence, asks the rules, acts. */
export class LaneSigning {
  /** Attempts seen to be dead, by payout and number of attempts: the lane moves on over them. */
  readonly #dead = new Set<string>();
  /** Chain time at which a gap was first seen. */
  readonly #gaps = new Map<string, number>();
  /** Attempts refused for their fee, by hash. */
  readonly #feeTooLow = new Set<string>();
  /** In this turn. */
  readonly #paid = new Set<string>();

  constructor(private readonly t: Tenure) {}

  /** One turn. Answers how long to sleep when there is nothing to do, in milliseconds. */
  async turn(): Promise<number> {
    let paid = false;
    try {
      const payout = await this.#whoseTurn();
      if (typeof payout === 'number') return payout;
      paid = await this.#takeTurn(payout);
      return 0;
    } finally {
      // After one is paid its ledger has closed, and the next turn is on the way to the next ledger.
      if (!paid) this.t.errands.open();
    }
  }

  /** True when it was paid. */
  async #takeTurn(payout: PayoutRecord): Promise<boolean> {
    try {
      await this.#decideAndAct(payout);
      return this.#paid.delete(payout.id);
    } catch (error) {
      this.t.pause(payout.id);
      throw error;
    }
  }

  /** Rule 5: whoever may still be paid by an attempt of theirs holds the lane; then the oldest that can go on. */
  async #whoseTurn(): Promise<PayoutRecord | number> {
    // What is paid, and what Pi has only to be told of, is the finisher's.
    const inFlight = (await this.t.store.inFlight()).filter(
      ({ state, txid }) => state !== 'paid' && state !== 'cancelling' && txid === undefined,
    );
    const holder = inFlight.find((payout) => payout.attempts.length > 0 && !this.#dead.has(lifeOf(payout)));
    if (holder) return this.t.pauseOf(holder.id) || holder;
    const waits = inFlight.map((payout) => [this.#pauseOf(payout), payout] as const);
    const next = waits.find(([pause]) => pause === 0);
    return next ? next[1] : Math.min(this.t.parts.settings.idleMs, ...waits.map(([pause]) => pause));
  }

  #pauseOf(payout: PayoutRecord): number {
    return Math.max(this.t.pauseOf(payout.id), payout.parked === undefined ? 0 : payout.nextAt.getTime() - Date.now());
  }

  async #decideAndAct(payout: PayoutRecord): Promise<void> {
    const facts = this.t.facts(payout);
    const { chain, pi, parts } = this.t;
    const { rules } = parts;
    await this.t.step('turn_taken', payout);
    if (payout.state !== 'needs_review' && payout.cancelWanted !== undefined && mayCancelUnread(facts, rules))
      return this.#act(payout, { do: 'cancel', proof: 'never_signed' });

    const newest = payout.attempts.at(-1);
    let identity = await chain.identity(newest);
    let looked = false;
    let reading = await chain.account();
    let view: PiView | undefined = payout.identifier === undefined ? undefined : pi.take(payout.identifier);
    const gapSince = this.#gaps.get(payout.id);
    for (;;) {
      // Taken out in tests only: a baseline read when it is too late.
      const baseline = rules.baselineFirst ? {} : { baseline: reading.sequence };
      const known = { ...facts, ...baseline };
      const evidence: Evidence = {
        chain: identity,
        account: reading,
        history: await chain.history(known, reading),
        ...(view && { pi: view }),
        ...(gapSince !== undefined && { gapSince }),
        ...(newest && this.#feeTooLow.has(newest.hash) && newest.fee < parts.wallet.fee.max && { feeTooLow: true }),
      };
      if (newest && isDead(payout.attempts, reading)) this.#dead.add(lifeOf(payout));
      const decision = decide(known, evidence, rules);
      // After a first signature, what cannot be taken back is decided on a chain whose identity was read after the evidence.
      if (newest && !looked && (decision.do === 'sign' || decision.do === 'cancel')) {
        chain.forgetIdentity();
        identity = await chain.identity(newest);
        looked = true;
        continue;
      }
      if (decision.do !== 'ask') {
        this.#noteGap(payout, decision, reading);
        return payout.state === 'needs_review'
          ? this.#underReview(payout, decision)
          : this.#act(payout, decision, reading);
      }
      if (decision.what === 'close') reading = await chain.withClose(reading);
      else view = await pi.view(payout.identifier!);
    }
  }

  async #act(payout: PayoutRecord, decision: Exclude<PayoutDecision, { do: 'ask' }>, reading?: WalletReading) {
    const { store, parts } = this.t;
    switch (decision.do) {
      case 'note_paid':
        return this.#notePaid(payout, decision.txid);
      case 'note_completed':
        await store.change(payout, 'completed', { txid: decision.txid ?? null, parked: null, review: null });
        return;
      case 'sign':
        return this.#sign(payout, decision.sequence, decision.maxTime, decision.why, reading!);
      case 'post':
        return this.#post(payout);
      case 'cancel': {
        const reason = payout.cancelWanted ?? 'cancelled at Pi';
        const cancelling = await store.change(
          payout,
          'cancelling',
          { reason, parked: null },
          {
            kind: 'proof',
            detail: decision.proof,
          },
        );
        await this.t.step('cancelling_committed', cancelling);
        this.t.finishing.ring();
        return;
      }
      case 'read_again':
      case 'wait':
        parts.logger.debug(`Payout ${payout.id} waits: ${decision.why}`);
        this.t.pause(payout.id);
        return;
      case 'hand_over': {
        const hindrance = await handOver(this.t, payout, decision.wallet);
        return hindrance === undefined ? undefined : this.#park(payout, hindrance);
      }
      case 'refuse':
        return this.#park(payout, `Pi's payment is not the one asked for: ${decision.problems.join('; ')}`);
      case 'review':
        return this.#review(payout, decision.reason);
      default:
        return decision satisfies never;
    }
  }

  // ── signing and sending ──

  async #sign(payout: PayoutRecord, sequence: bigint, maxTime: number, why: SigningReason, reading: WalletReading) {
    const attempt = await signAttempt(this.t, payout, { sequence, maxTime, why, reading });
    if (!attempt) return this.#park(payout, `the wallet ${this.t.parts.wallet.name} holds too little for it`);
    await this.t.step('attempt_signed', payout);
    const committed = await this.t.store.insertAttempt(payout, attempt, why);
    await this.t.step('attempt_committed', committed);
    await this.#post(committed);
  }

  /** Always the newest envelope; posting it again is harmless. */
  async #post(payout: PayoutRecord): Promise<void> {
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
    if (paid) return this.#notePaid(payout, paid.hash, event);

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
        return this.#again(noted, answer.kind === 'applied');
      case 'again':
        return this.t.pause(
          noted.id,
          answer.kind === 'unknown' && answer.retryAfterMs ? answer.retryAfterMs : undefined,
        );
      case 'raise_fee':
        return this.#feeRefused(noted, attempt);
      case 'park':
        return this.#park(noted, `the wallet ${parts.wallet.name} holds too little for it`);
      case 'stop_lane':
        throw new LaneHaltedError(`Horizon refuses what ${parts.wallet.name} signs: ${outcomeOf(answer)}`);
      default:
        return action satisfies never;
    }
  }

  /** What applied is looked up at once; a refusal is not tried again in a hurry, because each burns a fee. */
  #again(payout: PayoutRecord, applied: boolean): void {
    if (applied) this.t.pause(payout.id, 50);
    else this.t.pause(payout.id);
  }

  #feeRefused(payout: PayoutRecord, attempt: SignedAttempt): void {
    this.#feeTooLow.add(attempt.hash);
    if (attempt.fee < this.t.parts.wallet.fee.max) return;
    this.t.parts.logger.warn(
      `Payout ${payout.id} waits: the network asks for more than the fee cap of ${attempt.fee} stroops. Raise wallets[].fee.max to go on.`,
    );
    // core forgets a refused copy only after about ten ledgers: until then the same one posted again leads nowhere.
    this.t.pause(payout.id, this.t.parts.settings.haltMs);
  }

  /** While one waits for its ledger, Pi is asked about the next: so nothing but the chain is asked in between. */
  async #lookAhead(current: PayoutRecord): Promise<void> {
    try {
      const next = (await this.t.store.inFlight()).find(
        ({ state, id, identifier }) => state === 'created' && id !== current.id && identifier !== undefined,
      );
      if (next) await this.t.pi.view(next.identifier!);
    } catch (error) {
      if (!this.t.ended) this.t.parts.logger.debug(`Looking ahead failed: ${String(error)}`);
    }
  }

  async #notePaid(payout: PayoutRecord, txid: string, event?: { kind: string; detail: string; attempt: number }) {
    this.#paid.add(payout.id);
    if (!this.t.stopping && !this.t.ended) this.t.errands.shut();
    const changes = { txid, parked: null, review: null, tries: 0, next_at: new Date() };
    const paid = await this.t.store.change(payout, 'paid', changes, event ?? { kind: 'found', detail: txid });
    this.t.carryOn(payout.id);
    await this.t.step('paid_committed', paid);
    this.t.finishing.ring();
  }

  // ── waiting for money, or for a person ──

  async #park(payout: PayoutRecord, why: string): Promise<void> {
    const { haltMs } = this.t.parts.settings;
    if (payout.parked !== why) {
      this.t.parts.logger.warn(`Payout ${payout.id} is parked: ${why}`);
      await this.t.store.change(
        payout,
        payout.state,
        { parked: why, next_at: new Date(Date.now() + haltMs) },
        { kind: 'parked', detail: why },
      );
    }
    this.t.pause(payout.id, haltMs);
  }

  #noteGap(payout: PayoutRecord, decision: PayoutDecision, reading: WalletReading): void {
    if (decision.do !== 'read_again') this.#gaps.delete(payout.id);
    else if (!this.#gaps.has(payout.id) && reading.closedAt !== undefined) this.#gaps.set(payout.id, reading.closedAt);
  }

  async #review(payout: PayoutRecord, reason: ReviewReason): Promise<void> {
    const { logger, wallet } = this.t.parts;
    if (reason === 'chain_identity_lost' && payout.attempts.length === 0)
      throw new LaneHaltedError(`Horizon is not on the network of ${wallet.name}: ${REVIEW_REASONS[reason].text}`);
    logger.error(`Payout ${payout.id} needs review (${reason}): ${REVIEW_REASONS[reason].text}`);
    await this.t.store.change(payout, 'needs_review', { review: reason }, { kind: 'review', detail: reason });
  }

  /** It keeps polling: evidence may settle it. It signs nothing. */
  async #underReview(payout: PayoutRecord, decision: PayoutDecision): Promise<void> {
    if (decision.do === 'note_paid') return this.#notePaid(payout, decision.txid);
    this.t.pause(payout.id);
    const reason = payout.reviewCode;
    const settled =
      (reason === 'gap_unexplained' && decision.do !== 'read_again' && decision.do !== 'review') ||
      (reason === 'chain_identity_lost' && decision.do !== 'review');
    if (!settled) return;
    this.t.parts.logger.log(`Payout ${payout.id} no longer needs review: ${reason} has settled`);
    const state = payout.attempts.length > 0 ? 'submitted' : 'created';
    await this.t.store.change(payout, state, { review: null }, { kind: 'review', detail: `${reason} settled` });
  }
}

/** Of a payout with so many attempts: another attempt is another life. */
function lifeOf({ id, attempts }: PayoutRecord): string {
  return `${id}:${attempts.length}`;
}
