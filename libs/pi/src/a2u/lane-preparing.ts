import { PiApiError } from '../errors/pi-api-error.js';
import { PiInvalidArgumentError } from '../errors/pi-invalid-argument-error.js';
import { PiUnavailableError } from '../errors/pi-unavailable-error.js';
import { isPassing, LimitReachedError, PaymentUnreadableError } from './lane-errors.js';
import { cancelOrphan } from './orphans.js';
import type { PiView } from './payout.evidence.js';
import { metadataAtPi, toPiView } from './payout-metadata.js';
import type { PayoutRecord } from './payout-record.js';
import { type Ownership, ownership } from './payout.rules.js';
import { creating, creatingFor, type Tenure } from './tenure.js';

/** Rule 4: refusals of a creation after which no creation of this payout can succeed. */
const DEFINITE = new Set([
  'altered_amount',
  'feature_not_available',
  'invalid_address',
  'invalid_amount',
  'invalid_arguments',
  'invalid_metadata',
  'missing_scope',
  'missing_wallet',
  'user_not_found',
]);
/** A creation without an answer may still arrive at Pi for so long, in milliseconds. */
const LATE_CREATION_MS = 60_000;
/** So many payouts whose payments Pi does not show are passed over. When it shows none at all, no more are created. */
const ASIDE = 20;
/** Pi counts payments and cancellations of a Pioneer by the day, in milliseconds. */
const TOO_MANY_MS = 600_000;

/** The pause of every creation, where Pi allows the app one unfinished payment. */
const THE_APP = 'the app';

/** Creates the next payouts at Pi while one waits for its ledger. Rules 4 and 8. */
export class LanePreparing {
  /** Pi allows the app one unfinished payment: nothing is prepared ahead. */
  #onePerApp = false;
  #lastUnanswered = 0;
  /** Whose turn it is next, when both could: one that was parked, or one that was not. */
  #parkedIsNext = true;
  readonly #warned = new Set<string>();

  constructor(private readonly t: Tenure) {}

  /** One round. Answers how long to sleep when there is nothing to do, in milliseconds. */
  async turn(): Promise<number> {
    const { store, parts } = this.t;
    const { idleMs, depth } = parts.settings;
    await this.t.errands.passed();
    const rest = this.t.pauseOf(THE_APP);
    if (rest > 0) return Math.min(idleMs, rest);
    const aside = this.t.unseen.slice(0, ASIDE);
    const room = this.#onePerApp
      ? Number(!(await store.anyInFlight(aside)))
      : depth - (await store.prepared(depth, aside)).length;
    if (room <= 0) return idleMs;
    const waiting = await this.#next(room);
    for (const payout of waiting) await this.#prepare(payout);
    return waiting.length > 0 ? 0 : idleMs;
  }

  /** However many are parked and try again, every other turn is for one that was not; and the other way round. */
  async #next(room: number): Promise<PayoutRecord[]> {
    const later = this.t.creatingLater();
    const of = (parked: boolean, limit: number) => this.t.store.waiting({ parked, limit, later });
    this.#parkedIsNext = !this.#parkedIsNext;
    const first = this.#parkedIsNext ? await of(true, 1) : await of(false, room);
    if (first.length === room) return first;
    return [...first, ...(await of(!this.#parkedIsNext, room - first.length))];
  }

  async #prepare(payout: PayoutRecord): Promise<void> {
    const { store, parts, chain } = this.t;
    await this.t.errands.passed();
    try {
      if (payout.cancelWanted !== undefined && !payout.createSent && this.t.facts(payout).lossyUntil === undefined)
        return await this.#end(payout, 'cancelled', payout.cancelWanted);
      const admitted = await store.admit(payout, await chain.someSequence(), parts.wallet);
      await this.t.step('admitted', admitted);
      // A creation of it may have arrived at Pi: then only a look from now on tells.
      const found = await this.#lookUp(admitted, payout.createSent);
      if (found) return await this.#bind(admitted, found, true);
      if (admitted.cancelWanted !== undefined) return await this.#cancelUncreated(admitted);
      await this.#create(admitted);
    } catch (error) {
      if (error instanceof PaymentUnreadableError || error instanceof LimitReachedError)
        return this.#park(payout, error.message, parts.settings.haltMs);
      this.t.pause(creating(payout.id));
      throw error;
    }
  }

  async #create(payout: PayoutRecord): Promise<void> {
    const { parts, call } = this.t;
    const { uid, amount, memo } = payout;
    try {
      const metadata = metadataAtPi(payout, parts.instance);
      const created = await parts.platform.createPayment({ uid, amount, memo, metadata }, call);
      await this.t.step('create_posted', payout);
      await this.#bind(payout, toPiView(created), false);
    } catch (error) {
      if (error instanceof PiApiError && error.refused) return this.#refused(payout, error);
      // Never sent, and never will be.
      if (error instanceof PiInvalidArgumentError) return this.#end(payout, 'failed', error.message);
      if (error instanceof PiUnavailableError || error instanceof PiApiError) this.#lastUnanswered = performance.now();
      this.t.pi.forgetListing();
      throw error;
    }
  }

  async #refused(payout: PayoutRecord, error: PiApiError): Promise<void> {
    const code = error.platformCode ?? '';
    const own = await this.#lookUp(payout, true);
    if (own) return this.#bind(payout, own, true);
    if (DEFINITE.has(code)) return this.#end(payout, 'failed', `${code}: ${error.message}`);
    if (code === 'ongoing_payment_found') return this.#inTheWay(payout, error);
    if (code.startsWith('too_many')) return this.#park(payout, `Pi says ${code}`, TOO_MANY_MS);
    return this.#park(payout, error.message, this.t.parts.settings.haltMs);
  }

  /** One unfinished payment a user, or one an app: Pi does not say which. If it is another user's, it is the app's limit. */
  async #inTheWay(payout: PayoutRecord, { payment }: PiApiError): Promise<void> {
    if (payment && payment.uid !== payout.uid && !this.#onePerApp) {
      this.#onePerApp = true;
      this.t.parts.logger.log('Pi allows this app one unfinished payout at a time: none is prepared ahead any more');
    }
    // One asks for all that it is in the way of.
    const those = this.#onePerApp ? THE_APP : creatingFor(payout.uid);
    const { views } = await this.t.pi.incomplete({ fresh: false });
    const view = views.find(({ identifier }) => identifier === payment?.id);
    if (!view || view.instance === this.t.parts.instance) return this.t.pause(those);
    const { haltMs } = this.t.parts.settings;
    this.t.pause(those, haltMs);
    await this.#park(
      payout,
      `Pi wants the payment ${view.identifier} finished first, and it is not of this ledger: complete or cancel it where it was made`,
      haltMs,
    );
  }

  async #bind(payout: PayoutRecord, view: PiView, adopted: boolean): Promise<void> {
    const { identifier, to: destination, createdAt: createdAtPi } = view;
    const bound = await this.t.store.bind(payout, { identifier, destination, createdAtPi }, { adopted });
    for (const what of [creating(payout.id), creatingFor(payout.uid), THE_APP]) this.t.carryOn(what);
    await this.t.step('bound', bound);
    this.t.signing.ring();
  }

  /** The payment of this key, if Pi has one that is ours. */
  async #lookUp(payout: PayoutRecord, fresh: boolean): Promise<PiView | undefined> {
    const { pi, parts } = this.t;
    const { views, unread, fresh: read } = await pi.incomplete({ fresh });
    if (read) await this.#sweep(views);
    const own = unread.find(({ key, instance }) => key === payout.idempotencyKey && instance === parts.instance);
    if (own) throw new PaymentUnreadableError(`Pi holds a payment of it that cannot be read: ${own.problem}`);
    const row = { open: payout.state === 'requested' };
    return views.find(
      (view) =>
        (view.key === payout.idempotencyKey || !parts.rules.ownKeyOnly) &&
        ownership(view, parts.instance, row, parts.rules) === 'adopt',
    );
  }

  /** Every payment of ours at Pi has an owner, or is cancelled. */
  async #sweep(views: readonly PiView[]): Promise<void> {
    const { parts, store } = this.t;
    const ours = views.filter((view) => view.from === parts.wallet.address && view.instance === parts.instance);
    const rows = new Map((await store.byKeys(ours.map(({ key }) => key!))).map((row) => [row.idempotencyKey, row]));
    for (const view of ours) {
      const row = rows.get(view.key!);
      const what: Ownership = ownership(view, parts.instance, row && ownerOf(row), parts.rules);
      if (what === 'orphan') await this.#orphan(view, row!);
      else if (what === 'unknown_key')
        this.#warnOnce(
          `Pi holds the payment ${view.identifier} of the key "${view.key}", which this ledger does not know: was it restored from a backup? Ask for that payout again, and it is adopted.`,
        );
    }
  }

  /** One that Pi keeps, or of which the chain cannot be asked, is in the way of its Pioneer alone: others go on. */
  async #orphan(view: PiView, row: PayoutRecord): Promise<void> {
    const { settings } = this.t.parts;
    const name = `orphan ${view.identifier}`;
    if (this.t.pauseOf(name) > 0) return;
    this.t.pause(name);
    try {
      await cancelOrphan(this.t, view, row);
    } catch (error) {
      if (!(error instanceof PiApiError) && !isPassing(error)) throw error;
      if (error instanceof PiApiError) this.t.pause(name, settings.haltMs);
      const what = `Pi keeps ${view.identifier}, a second payment of the key "${row.idempotencyKey}"`;
      this.#warnOnce(`${what}: ${(error as Error).message} It is tried again.`);
    }
  }

  #warnOnce(message: string): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.t.parts.logger.warn(message);
  }

  /** A creation that got no answer may still arrive: it is looked for until that is out of the question. */
  async #cancelUncreated(payout: PayoutRecord): Promise<void> {
    if (performance.now() - this.#lastUnanswered < LATE_CREATION_MS && this.#lastUnanswered > 0)
      return this.t.pause(creating(payout.id));
    await this.#end(payout, 'cancelled', payout.cancelWanted!);
  }

  async #end(payout: PayoutRecord, state: 'failed' | 'cancelled', reason: string): Promise<void> {
    this.t.parts.logger.warn(`Payout ${payout.id} is ${state}: ${reason}`);
    await this.t.store.change(payout, state, { reason, parked: null });
  }

  async #park(payout: PayoutRecord, why: string, ms: number): Promise<void> {
    if (payout.parked !== why) this.t.parts.logger.warn(`Payout ${payout.id} is parked: ${why}`);
    await this.t.store.change(
      payout,
      'requested',
      { parked: why, restMs: ms },
      payout.parked === why ? undefined : { kind: 'parked', detail: why },
    );
  }
}

function ownerOf({ identifier, state }: PayoutRecord): { identifier?: string; open: boolean } {
  return { open: state === 'requested', ...(identifier !== undefined && { identifier }) };
}
