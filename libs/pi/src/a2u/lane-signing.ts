import { PiApiError } from '../errors/pi-api-error.js';
import type { WalletReading } from './chain-reader.js';
import { handOver } from './hand-over.js';
import { LaneHaltedError } from './lane-errors.js';
import { notePaid, park } from './lane-outcomes.js';
import { LanePosting } from './lane-posting.js';
import type { PayoutDecision } from './payout.decision.js';
import type { Evidence, PiView } from './payout.evidence.js';
import { type PayoutRecord, recallAttempts } from './payout-record.js';
import { decide, isDead, mayCancelUnread, provenBaseline } from './payout.rules.js';
import { type ReviewReason, REVIEW_REASONS } from './review-reasons.js';
import type { Tenure } from './tenure.js';

/** So many that wait for a person are looked through at a time for one to poll. */
const REVIEWS = 20;

/** The one payout of a wallet whose turn it is: gathers its evidence, asks the rules, acts. */
export class LaneSigning {
  readonly #posting: LanePosting;
  /** Whose turn it was last: one to be signed for the first time, one that was signed in vain, or one that waits for a person. */
  #kind = -1;
  /** Position of the last one in review that was polled: the round goes on behind it. */
  #polled = 0n;

  constructor(private readonly t: Tenure) {
    this.#posting = new LanePosting(t);
  }

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
      return await this.#decideAndAct(payout);
    } catch (error) {
      this.t.pause(payout.id);
      throw error;
    }
  }

  /** Rule 5: whoever may still be paid by an attempt of theirs holds the lane; then the oldest that can go on. */
  async #whoseTurn(): Promise<PayoutRecord | number> {
    // What is paid, and what Pi has only to be told of, is the finisher's.
    const { store, chain, parts } = this.t;
    const [open, inReview] = await Promise.all([
      store.toSign(chain.time),
      store.inReview({ paid: false, behind: this.#polled, limit: REVIEWS }),
    ]);
    const holder = open.find((payout) => payout.attempts.length > 0 && !this.#isDead(payout));
    if (holder) return this.t.pauseOf(holder.id) || holder;
    const goingOn = open.filter(({ state }) => state !== 'needs_review');
    const pauses = [...goingOn, ...inReview].map((payout) => this.#pauseOf(payout));
    const ready = (payouts: readonly PayoutRecord[]) => payouts.find((payout) => this.#pauseOf(payout) === 0);
    const first = ready(goingOn.filter(({ signed }) => signed === 0));
    const again = ready(goingOn.filter(({ signed }) => signed > 0));
    return this.#choose([first, again, ready(inReview)]) ?? Math.min(parts.settings.idleMs, ...pauses);
  }

  /** In turn: however many were signed in vain, or wait for a person, they keep nobody from being signed; and the other way round. */
  #choose(kinds: readonly (PayoutRecord | undefined)[]): PayoutRecord | undefined {
    const inTurn = kinds.map((_, i) => (this.#kind + 1 + i) % kinds.length);
    const kind = inTurn.find((candidate) => kinds[candidate]);
    if (kind === undefined) return undefined;
    this.#kind = kind;
    const chosen = kinds[kind]!;
    if (chosen.state === 'needs_review') this.#polled = chosen.position;
    return chosen;
  }

  /** Another attempt is another life. */
  #isDead({ id, signed }: PayoutRecord): boolean {
    return this.t.memoryOf(id).deadAttempts === signed;
  }

  #pauseOf(payout: PayoutRecord): number {
    return Math.max(this.t.pauseOf(payout.id), payout.parked === undefined ? 0 : payout.restMs);
  }

  /** True when it was paid. */
  async #decideAndAct(payout: PayoutRecord): Promise<boolean> {
    const facts = this.t.facts(payout);
    const { chain, pi, parts } = this.t;
    const { rules } = parts;
    await this.t.step('turn_taken', payout);
    if (payout.state !== 'needs_review' && payout.cancelWanted !== undefined && mayCancelUnread(facts, rules))
      return this.#act(payout, { do: 'cancel', proof: 'never_signed' });

    const newest = payout.attempts.at(-1);
    const held = newest !== undefined && !this.#isDead(payout);
    let identity = await chain.identity(newest);
    let looked = false;
    let reading = await chain.account();
    let view: PiView | undefined = payout.identifier === undefined ? undefined : pi.take(payout.identifier);
    const { gapSince, feeTooLow } = this.t.memoryOf(payout.id);
    for (;;) {
      // Taken out in tests only: a baseline read when it is too late.
      const baseline = rules.baselineFirst ? {} : { baseline: reading.sequence };
      const history = await chain.history({ ...facts, ...baseline }, reading);
      const known = await recallAttempts(parts.ledger, payout, { ...facts, ...baseline }, history);
      const evidence: Evidence = {
        chain: identity,
        account: reading,
        history,
        ...(view && { pi: view }),
        ...(gapSince !== undefined && { gapSince }),
        ...(newest && feeTooLow === newest.hash && newest.fee < parts.wallet.fee.max && { feeTooLow: true }),
      };
      const died = held && isDead(payout.attempts, reading);
      if (died) this.t.memoryOf(payout.id).deadAttempts = payout.signed;
      const decision = decide(known, evidence, rules);
      // Not before a first signature in fair weather: it has a ledger to reach.
      const urgent = decision.do === 'ask' || (decision.do === 'sign' && payout.parked === undefined);
      const proven = urgent ? undefined : provenBaseline(known, evidence, rules);
      const lasting = proven !== undefined || (newest && (decision.do === 'sign' || decision.do === 'cancel'));
      // After a first signature, what cannot be taken back is decided on a chain whose identity was read after the evidence.
      if (lasting && !looked) {
        chain.forgetIdentity();
        identity = await chain.identity(newest);
        looked = true;
        continue;
      }
      if (decision.do !== 'ask') {
        this.#noteGap(payout, decision, reading);
        const raised = proven === undefined ? payout : await this.t.store.raiseBaseline(payout, proven);
        // It was signed in vain, and has had its turn: others come before it is signed again.
        if (died && decision.do === 'sign') {
          this.t.pause(payout.id);
          return false;
        }
        return payout.state === 'needs_review'
          ? await this.#underReview(raised, decision)
          : await this.#act(raised, decision, reading);
      }
      if (decision.what === 'close') reading = await chain.withClose(reading);
      else view = await this.#viewAtPi(payout);
    }
  }

  async #viewAtPi({ id, identifier }: PayoutRecord): Promise<PiView> {
    const memory = this.t.memoryOf(id);
    try {
      const view = await this.t.pi.view(identifier!);
      delete memory.unseen;
      return view;
    } catch (error) {
      if (error instanceof PiApiError && !memory.unseen) {
        memory.unseen = true;
        this.t.preparing.ring();
      }
      throw error;
    }
  }

  /** True when it was paid. */
  async #act(
    payout: PayoutRecord,
    decision: Exclude<PayoutDecision, { do: 'ask' }>,
    reading?: WalletReading,
  ): Promise<boolean> {
    const { store, parts } = this.t;
    switch (decision.do) {
      case 'note_paid':
        return notePaid(this.t, payout, decision.txid);
      case 'note_completed':
        await store.change(payout, 'completed', { txid: decision.txid ?? null, parked: null, review: null });
        return false;
      case 'sign':
        return this.#posting.sign(payout, decision, reading!);
      case 'post':
        return this.#posting.post(payout);
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
        return false;
      }
      case 'read_again':
      case 'wait':
        parts.logger.debug(`Payout ${payout.id} waits: ${decision.why}`);
        this.t.pause(payout.id);
        return false;
      case 'hand_over': {
        const hindrance = await handOver(this.t, payout, decision.wallet);
        if (hindrance !== undefined) await park(this.t, payout, hindrance);
        return false;
      }
      case 'refuse':
        await park(this.t, payout, `Pi's payment is not the one asked for: ${decision.problems.join('; ')}`);
        return false;
      case 'review':
        await this.#review(payout, decision.reason);
        return false;
      default:
        return decision satisfies never;
    }
  }

  // ── waiting for a person ──

  #noteGap(payout: PayoutRecord, decision: PayoutDecision, reading: WalletReading): void {
    const memory = this.t.memoryOf(payout.id);
    if (decision.do !== 'read_again') delete memory.gapSince;
    else if (reading.closedAt !== undefined) memory.gapSince ??= reading.closedAt;
  }

  async #review(payout: PayoutRecord, reason: ReviewReason): Promise<void> {
    const { logger, wallet } = this.t.parts;
    if (reason === 'chain_identity_lost' && payout.attempts.length === 0)
      throw new LaneHaltedError(`Horizon is not on the network of ${wallet.name}: ${REVIEW_REASONS[reason].text}`);
    logger.error(`Payout ${payout.id} needs review (${reason}): ${REVIEW_REASONS[reason].text}`);
    await this.t.store.change(payout, 'needs_review', { review: reason }, { kind: 'review', detail: reason });
  }

  /** It keeps polling: evidence may settle it. It signs nothing. */
  async #underReview(payout: PayoutRecord, decision: PayoutDecision): Promise<boolean> {
    if (decision.do === 'note_paid') return notePaid(this.t, payout, decision.txid);
    this.t.pause(payout.id);
    const reason = payout.reviewCode;
    const settled =
      (reason === 'gap_unexplained' && decision.do !== 'read_again' && decision.do !== 'review') ||
      (reason === 'chain_identity_lost' && decision.do !== 'review');
    if (!settled) return false;
    this.t.parts.logger.log(`Payout ${payout.id} no longer needs review: ${reason} has settled`);
    const state = payout.attempts.length > 0 ? 'submitted' : 'created';
    await this.t.store.change(payout, state, { review: null }, { kind: 'review', detail: `${reason} settled` });
    return false;
  }
}
