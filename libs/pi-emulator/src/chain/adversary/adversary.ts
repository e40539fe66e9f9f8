import type { Chain, ResetOptions } from '../chain.js';
import type { ChainView } from '../chain-view.js';
import type { Envelope } from '../envelope.js';
import { refuseUnknown } from '../../known-fields.js';
import {
  checkBumpSequence,
  checkDust,
  checkHideRule,
  checkLookAlike,
  checkReadRule,
  checkReplicaRule,
  checkReset,
  checkSubmitRule,
  checkUseSequence,
  checkWhole,
} from './checks.js';
import {
  ForeignTransactions,
  type BumpSequence,
  type Dust,
  type ForeignTransaction,
  type LookAlike,
  type UseSequence,
} from './foreign.js';
import { Replicas, type ReplicaRule } from './replicas.js';
import { fitsPath, Rules, type RequestMatch } from './rules.js';

/** How many posted envelopes are remembered for {@link Adversary.wrapInFeeBump}. */
const REMEMBERED = 1_000;

/** What becomes of a `POST /transactions`: of the transaction, and of the answer. */
export interface SubmitRule {
  /** How often; default once. */
  times?: number;
  /** Only transactions of this source account, or with this hash. */
  account?: string;
  hash?: string;
  /**
   * `now` (default): handed to core as usual. `never`: nobody ever sees it. A number n: core gets it n ledgers later.
   * `wrapped`: a stranger wraps it in a fee bump and that applies instead.
   */
  apply?: 'now' | 'never' | 'wrapped' | number;
  /**
   * `normal` (default) · `timeout`: Horizon's 504 without a hash · `timeout_with_hash`: the newer 504 with
   * `extras.hash` · `lost`: the connection breaks · `refused`: the connection breaks and nobody sees the transaction
   * · `rate_limited`: 429 · `error`: `status`, with an HTML body as a proxy gives it.
   */
  answer?: 'normal' | 'timeout' | 'timeout_with_hash' | 'lost' | 'refused' | 'rate_limited' | 'error';
  /** Gives the answer only after the transaction has applied. Default false: as soon as core has it. */
  afterApplied?: boolean;
  /** Milliseconds the answer is late. */
  delayMs?: number;
  /** Of `error`; default 502. */
  status?: number;
}

/** What becomes of a read request. */
export interface ReadRule extends RequestMatch {
  times?: number;
  answer: 'not_found' | 'rate_limited' | 'error' | 'lost';
  delayMs?: number;
  /** Of `error`; default 502. */
  status?: number;
}

/** Makes applied transactions unfindable. */
export interface HideRule {
  /** Only this hash; default any. */
  hash?: string;
  /** How many look-ups answer 404; default until {@link Adversary.calm}. */
  times?: number;
  /** Leaves it out of listings too. Default false. Needs a `hash`, and lasts until {@link Adversary.calm}. */
  listings?: boolean;
}

/**
 * Everything that can go wrong between an app and a Horizon, on demand. Nothing here forges the chain: a foreign
 * transaction is a real one, a replica shows a true past, and what core knows stays true.
 */
export class Adversary {
  private readonly replicaRules: Replicas;
  private readonly foreign: ForeignTransactions;
  private readonly submitRules = new Rules<SubmitRule>();
  private readonly readRules = new Rules<ReadRule>();
  private readonly hideRules = new Rules<HideRule>();
  private readonly hiddenFromListings = new Set<string>();
  private readonly posted = new Map<string, Envelope>();

  constructor(private readonly chain: Chain) {
    this.replicaRules = new Replicas(chain);
    this.foreign = new ForeignTransactions(chain);
  }

  /** Ends all bad weather. What has already happened on the chain stays. */
  calm(): void {
    this.replicaRules.clear();
    this.submitRules.clear();
    this.readRules.clear();
    this.hideRules.clear();
    this.hiddenFromListings.clear();
    this.chain.mempool.surgeFee = undefined;
  }

  /** Answers reads from replicas that lag behind, by turn, at random, or on some paths only. */
  replicas(rule: ReplicaRule): void {
    checkReplicaRule(rule);
    this.replicaRules.add(rule);
  }

  /** Ledgers by which every Horizon's database is behind core. */
  get ingestionLag(): number {
    return this.replicaRules.ingestionLag;
  }

  set ingestionLag(ledgers: number) {
    checkWhole('ingestionLag', ledgers, 0);
    this.replicaRules.ingestionLag = ledgers;
  }

  /** 404 for transactions that have applied. */
  hide(rule: HideRule = {}): void {
    checkHideRule(rule);
    if (rule.listings && rule.hash !== undefined) this.hiddenFromListings.add(rule.hash);
    this.hideRules.add({ ...rule, times: rule.times ?? Number.MAX_SAFE_INTEGER });
  }

  /** Decides over the next submits. */
  onSubmit(rule: SubmitRule): void {
    checkSubmitRule(rule);
    this.submitRules.add(rule);
  }

  /** Decides over the next reads. */
  onRead(rule: ReadRule): void {
    checkReadRule(rule);
    this.readRules.add(rule);
  }

  /** The wallet's own key uses its next sequence number elsewhere: for a success or a failed transaction. */
  useSequence(options: UseSequence): ForeignTransaction {
    checkUseSequence(options);
    return this.foreign.useSequence(options);
  }

  /** The wallet jumps ahead by `bump_sequence`, leaving a gap in its sequence numbers. */
  bumpSequence(options: BumpSequence): ForeignTransaction {
    checkBumpSequence(options);
    return this.foreign.bumpSequence(options);
  }

  /** Somebody sends the wallet a little Pi with our memo. */
  dust(options: Dust): ForeignTransaction {
    checkDust(options);
    return this.foreign.dust(options);
  }

  /** A record in the wallet's listing with another source account and the wallet's next sequence number. */
  lookAlike(options: LookAlike): ForeignTransaction {
    checkLookAlike(options);
    return this.foreign.lookAlike(options);
  }

  /**
   * Somebody wraps a posted transaction in a fee bump.
   * @param envelope the hash of one that was posted (even if nobody else saw it), or the envelope's XDR
   */
  wrapInFeeBump(envelope: { hash: string } | { envelopeXdr: string }): ForeignTransaction {
    refuseUnknown<{ hash: true; envelopeXdr: true }>('wrapInFeeBump', envelope, { hash: true, envelopeXdr: true });
    if ('envelopeXdr' in envelope) return this.foreign.wrap(this.chain.readOrThrow(envelope.envelopeXdr));
    const found = this.posted.get(envelope.hash) ?? this.chain.mempool.find(envelope.hash);
    if (!found)
      throw new Error(`pi-emulator: no transaction ${envelope.hash} was posted; give its envelopeXdr instead`);
    return this.foreign.wrap(found);
  }

  /** The chain starts anew, as Pi's testnet has done. */
  reset(options: ResetOptions = {}): void {
    checkReset(options);
    this.posted.clear();
    this.chain.reset(options);
  }

  /** Full ledgers: raises the fee of an operation to `stroops`; undefined ends it. */
  surge(stroops: bigint | undefined): void {
    this.chain.mempool.surgeFee = stroops;
  }

  /** History before a ledger is gone from every Horizon. */
  trimHistory(before: number): void {
    this.chain.trimHistory(before);
  }

  /** @internal The replica a read is answered by. */
  viewFor(path: string): ChainView {
    return this.replicaRules.viewFor(path);
  }

  /** @internal The submit endpoint's database. */
  ingested(): ChainView {
    return this.replicaRules.ingested();
  }

  /** @internal Remembers what was posted, and says what is to become of it. */
  submitRuleFor(envelope: Envelope): SubmitRule {
    this.remember(envelope);
    return (
      this.submitRules.take(
        ({ account = envelope.source, hash = envelope.hash }) => account === envelope.source && hash === envelope.hash,
      ) ?? {}
    );
  }

  /** @internal */
  readRuleFor(path: string): ReadRule | undefined {
    return this.readRules.take((rule) => fitsPath(rule, path));
  }

  /** @internal Uses up one turn of a rule. */
  hides(hash: string): boolean {
    return this.hideRules.take(({ hash: hidden = hash }) => hidden === hash) !== undefined;
  }

  /** @internal */
  hidesFromListings(hash: string): boolean {
    return this.hiddenFromListings.has(hash);
  }

  /** @internal Somebody wraps what was just posted. */
  wrap(envelope: Envelope): ForeignTransaction {
    return this.foreign.wrap(envelope);
  }

  private remember(envelope: Envelope): void {
    this.posted.set(envelope.hash, envelope);
    if (this.posted.size <= REMEMBERED) return;
    const [oldest] = this.posted.keys();
    if (oldest !== undefined) this.posted.delete(oldest);
  }
}
