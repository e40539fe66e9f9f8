import type { Lease } from '../ledger/leases.js';
import { ChainReader } from './chain-reader.js';
import { FeePolicy } from './fee-policy.js';
import type { LaneParts, PayoutStep } from './lane-parts.js';
import { LaneStore } from './lane-store.js';
import { PiDesk } from './pi-desk.js';
import type { PayoutFacts } from './payout.evidence.js';
import { type PayoutRecord, toFacts } from './payout-record.js';
import { recoverWallet } from './payout-recovery.js';
import { TIME_BOUND } from './payout.rules.js';
import { Gate, Wake } from './wake.js';

/** Beyond the time bound of an attempt that a store may have lost, in seconds. */
const LOSS_MARGIN = 60;
/** For so long after a crash every start looks for payments whose records it may have lost, in milliseconds. */
const CRASH_MS = 86_400_000;

/** What is remembered of a payout for as long as it is in this lane. */
export interface PayoutMemory {
  /** So many attempts were seen to be dead: the lane moves on over them. */
  deadAttempts?: number;
  /** Chain time at which a gap was first seen. */
  gapSince?: number;
  /** Hash of an attempt that was refused for its fee. */
  feeTooLow?: string;
  /** How often Pi refused to complete it. */
  refusals?: number;
  /** Pi does not show its payment: it says that it knows none, or what cannot be read. */
  unseen?: boolean;
}

/** One worker's time with a lane, from taking the lease to losing or returning it. What it knows dies with it. */
export class Tenure {
  readonly store: LaneStore;
  readonly fees: FeePolicy;
  readonly pi: PiDesk;
  readonly signing = new Wake();
  readonly preparing = new Wake();
  readonly finishing = new Wake();
  /** Shut between a ledger's close and the next payout's way out: whatever can wait does. */
  readonly errands = new Gate();
  /** No new payout is begun. */
  stopping = false;
  readonly #told = new Wake();
  readonly #backoff = new Map<string, { tries: number; until: number }>();
  readonly #memories = new Map<string, PayoutMemory>();

  private constructor(
    readonly parts: LaneParts,
    lease: Lease,
    readonly chain: ChainReader,
    private readonly lossyUntil: number | undefined,
    private readonly abort: AbortController,
  ) {
    this.store = new LaneStore(parts.ledger, { app: parts.app, wallet: parts.wallet.address }, lease, parts.rules, {
      moved: (state) => parts.onMoved?.(state),
      left: (payout) => this.#forget(payout),
    });
    this.fees = new FeePolicy(parts.horizon, parts.wallet.fee.min, parts.wallet.fee.max);
    this.pi = new PiDesk(parts.platform, this.call);
  }

  static async begin(parts: LaneParts, lease: Lease, abort: AbortController): Promise<Tenure> {
    const chain = await ChainReader.open({
      horizon: parts.horizon,
      wallet: parts.wallet.address,
      passphrase: parts.passphrase,
      rules: parts.rules,
      patienceMs: parts.settings.patienceMs,
      logger: parts.logger,
      signal: abort.signal,
    });
    const missingBefore = parts.commitsMissingBefore;
    if (missingBefore && Date.now() - missingBefore.getTime() < CRASH_MS)
      await recoverWallet(parts, missingBefore, { signal: abort.signal });
    const lossyUntil = parts.canLoseCommits ? (await chain.anchor()).closedAt + TIME_BOUND + LOSS_MARGIN : undefined;
    return new Tenure(parts, lease, chain, lossyUntil, abort);
  }

  /** For every call made in this tenure: it ends with it. */
  get call(): { signal: AbortSignal } {
    return { signal: this.abort.signal };
  }

  get ended(): boolean {
    return this.abort.signal.aborted;
  }

  end(reason: unknown): void {
    this.abort.abort(reason);
    this.#told.ring();
    this.errands.open();
    this.ringAll();
  }

  /** Begins nothing new; what is on its way may still be answered. */
  stop(): void {
    this.stopping = true;
    this.errands.open();
    this.#told.ring();
    this.ringAll();
  }

  /** Resolves so long after the tenure was told to stop, or when it has ended. */
  async drained(drainMs: number): Promise<void> {
    while (!this.stopping && !this.ended) await this.#told.sleep(60_000);
    if (!this.ended) await this.#told.sleep(drainMs);
  }

  ringAll(): void {
    this.signing.ring();
    this.preparing.ring();
    this.finishing.ring();
  }

  /** A payout may have attempts that the store has lost: any, for which of them are new is a question of clocks. */
  facts(payout: PayoutRecord): PayoutFacts {
    return toFacts(payout, this.lossyUntil);
  }

  async step(step: PayoutStep, payout: PayoutRecord): Promise<void> {
    await this.parts.onStep?.(step, payout.idempotencyKey);
  }

  memoryOf(id: string): PayoutMemory {
    let memory = this.#memories.get(id);
    if (!memory) this.#memories.set(id, (memory = {}));
    return memory;
  }

  /** Payouts whose payment Pi does not show. A 404 proves nothing about them, and they keep nobody waiting. */
  get unseen(): string[] {
    return [...this.#memories].filter(([, { unseen }]) => unseen).map(([id]) => id);
  }

  /** How many things are remembered of payouts: nothing of those that have left the lane. */
  get remembered(): number {
    return this.#memories.size + this.#backoff.size;
  }

  /** Where one payout of a Pioneer is settled, the next may be created. */
  #forget({ id, uid }: PayoutRecord): void {
    this.#memories.delete(id);
    for (const what of [id, finishing(id), creating(id), creatingFor(uid)]) this.#backoff.delete(what);
  }

  // ── pauses: whatever asked in vain asks again later, each time a little later ──

  /** Milliseconds until this may be tried again; 0 when it may. */
  pauseOf(what: string): number {
    return Math.max(0, (this.#backoff.get(what)?.until ?? 0) - performance.now());
  }

  pause(what: string, ms?: number): void {
    const { backoffMs, maxBackoffMs } = this.parts.settings;
    const tries = (this.#backoff.get(what)?.tries ?? 0) + 1;
    const doubled = Math.min(maxBackoffMs, backoffMs * 2 ** (tries - 1));
    this.#backoff.set(what, { tries, until: performance.now() + (ms ?? doubled * (0.75 + Math.random() / 2)) });
  }

  /** Payouts that Pi is not to be told of yet, and for how many milliseconds more. */
  finishingLater(): Map<string, number> {
    return new Map(this.#paused(FINISH).map((id) => [id, this.pauseOf(finishing(id))]));
  }

  /** Payouts that Pi is not asked to create yet, and Pioneers for whom it is asked nothing yet. */
  creatingLater(): { readonly ids: readonly string[]; readonly uids: readonly string[] } {
    return { ids: this.#paused(CREATE), uids: this.#paused(CREATE_FOR) };
  }

  #paused(kind: string): string[] {
    const paused = [...this.#backoff.keys()].filter((what) => what.startsWith(kind) && this.pauseOf(what) > 0);
    return paused.map((what) => what.slice(kind.length));
  }

  carryOn(what: string): void {
    this.#backoff.delete(what);
  }
}

/** The pause of a payout that Pi is to be told of, apart from that of its signing. */
export function finishing(id: string): string {
  return FINISH + id;
}

/** The pause of a payout that is to be created at Pi. */
export function creating(id: string): string {
  return CREATE + id;
}

/** The pause of all that is to be created for a Pioneer. */
export function creatingFor(uid: string): string {
  return CREATE_FOR + uid;
}

const FINISH = 'finish ';
const CREATE = 'create ';
const CREATE_FOR = 'pioneer ';
