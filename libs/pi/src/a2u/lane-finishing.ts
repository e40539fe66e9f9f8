import { PiApiError } from '../errors/pi-api-error.js';
import type { PiView } from './payout.evidence.js';
import type { PayoutRecord } from './payout-record.js';
import { toPiView } from './payout-metadata.js';
import { type ReviewReason, REVIEW_REASONS } from './review-reasons.js';
import { finishing, type Tenure } from './tenure.js';

/** After so many refusals Pi is taken to mean it: its own look at the chain may lag at first. */
const REFUSALS = 5;
/** Pi is asked about so many payouts at a time. */
const AT_ONCE = 20;

/** Tells Pi: of what was paid, and of what is to be cancelled. Rule 6, and the end of rule 3. */
export class LaneFinishing {
  /** Position of the last one in review that was polled: the round goes on behind it. */
  #polled = 0n;

  constructor(private readonly t: Tenure) {}

  /** One round. Answers how long to sleep when there is nothing to do, in milliseconds. */
  async turn(): Promise<number> {
    const { store, parts, errands } = this.t;
    await errands.passed();
    const later = this.t.finishingLater();
    const untold = await store.toFinish([...later.keys()], AT_ONCE);
    const inReview = await store.inReview({ paid: true, behind: this.#polled, limit: AT_ONCE });
    const pauses = inReview.map((payout) => this.t.pauseOf(pauseName(payout)));
    const polled = inReview.filter((_, i) => pauses[i] === 0).slice(0, AT_ONCE - untold.length);
    this.#polled = polled.at(-1)?.position ?? this.#polled;
    const due = [...untold, ...polled];
    // All of them, whichever fails: the next round must not begin with one that is still on its way.
    const rounds = await Promise.allSettled(due.map((payout) => this.#finish(payout)));
    for (const round of rounds) if (round.status === 'rejected') throw round.reason;
    return due.length > 0 ? 0 : Math.min(parts.settings.idleMs, ...later.values(), ...pauses);
  }

  async #finish(payout: PayoutRecord): Promise<void> {
    await this.t.errands.passed();
    try {
      if (payout.state === 'paid') await this.#complete(payout);
      else if (payout.state === 'cancelling') await this.#cancel(payout);
      else await this.#lookAgain(payout);
    } catch (error) {
      this.t.pause(pauseName(payout));
      if (!(error instanceof PiApiError)) throw error;
      this.t.parts.logger.warn(`Pi does not finish payout ${payout.id}: ${error.message}`);
    }
  }

  async #complete(payout: PayoutRecord): Promise<void> {
    const { platform } = this.t.parts;
    try {
      await platform.completePayment(payout.identifier!, payout.txid!, this.t.call);
    } catch (error) {
      if (!(error instanceof PiApiError) || !error.refused) throw error;
      return this.#completeRefused(payout, error);
    }
    await this.t.step('complete_posted', payout);
    await this.#completed(payout);
  }

  async #completeRefused(payout: PayoutRecord, error: PiApiError): Promise<void> {
    if (error.code === 'PI_API_KEY_REFUSED') throw error;
    const view = await this.#viewUnlessUnknown(payout);
    if (view?.completed) return this.#completed(payout);
    if (view?.cancelled) return this.#review(payout, 'paid_but_cancelled');
    const memory = this.t.memoryOf(payout.id);
    memory.refusals = (memory.refusals ?? 0) + 1;
    if (memory.refusals < REFUSALS) throw error;
    return this.#review(payout, 'complete_refused', error.message);
  }

  async #completed(payout: PayoutRecord, txid = payout.txid): Promise<void> {
    const changes = { txid: txid ?? null, parked: null, review: null, reason: null };
    const completed = await this.t.store.change(payout, 'completed', changes);
    this.t.carryOn(finishing(payout.id));
    await this.t.step('completed_committed', completed);
    this.t.preparing.ring();
  }

  /** Again until Pi shows it cancelled. */
  async #cancel(payout: PayoutRecord): Promise<void> {
    const { platform } = this.t.parts;
    try {
      await platform.cancelPayment(payout.identifier!, this.t.call);
      await this.t.step('cancel_posted', payout);
    } catch (error) {
      if (!(error instanceof PiApiError) || !error.refused) throw error;
      const view = await this.#viewUnlessUnknown(payout);
      if (view?.completed) return this.#completed(payout, view.txid);
      if (view ? !view.cancelled : await this.#isListed(payout)) throw error;
    }
    const cancelled = await this.t.store.change(payout, 'cancelled');
    await this.t.step('cancelled_committed', cancelled);
    this.t.preparing.ring();
  }

  /** Undefined: Pi says that it knows no such payment. That alone proves nothing. */
  async #viewUnlessUnknown({ identifier }: PayoutRecord): Promise<PiView | undefined> {
    try {
      return await this.t.pi.view(identifier!);
    } catch (error) {
      if (error instanceof PiApiError && error.platformCode === 'payment_not_found') return undefined;
      throw error;
    }
  }

  /** Among those that Pi has neither completed nor cancelled: where it is not, it is in nobody's way, and nobody signs for it. */
  async #isListed({ identifier, idempotencyKey }: PayoutRecord): Promise<boolean> {
    const { views, unread } = await this.t.pi.incomplete({ fresh: true });
    return views.some((view) => view.identifier === identifier) || unread.some(({ key }) => key === idempotencyKey);
  }

  /** In review, paid: Pi may have changed its mind, or have seen the transaction by now. Asking again links the same txid. */
  async #lookAgain(payout: PayoutRecord): Promise<void> {
    const { platform, settings } = this.t.parts;
    this.t.pause(pauseName(payout), settings.haltMs);
    const view = toPiView(await platform.getPayment(payout.identifier!, this.t.call));
    if (!view.completed && payout.reviewCode !== 'complete_refused') return;
    if (!view.completed) await platform.completePayment(payout.identifier!, payout.txid!, this.t.call);
    await this.#completed(payout);
  }

  async #review(payout: PayoutRecord, reason: ReviewReason, detail: string = reason): Promise<void> {
    this.t.parts.logger.error(`Payout ${payout.id} needs review (${reason}): ${REVIEW_REASONS[reason].text}`);
    await this.t.store.change(payout, 'needs_review', { review: reason }, { kind: 'review', detail });
    delete this.t.memoryOf(payout.id).refusals;
  }
}

/** Those in review go round, and so need not be left out by name: they may be many. */
function pauseName({ id, state }: PayoutRecord): string {
  return state === 'needs_review' ? id : finishing(id);
}
