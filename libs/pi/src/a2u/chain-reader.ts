import type { Logger } from '@nestjs/common';
import type { ChainLedger, ChainTransactionPage } from '../chain/chain-answers.js';
import type { ChainTransaction } from '../chain/chain-transaction.js';
import type { PiHorizonClient } from '../chain/horizon-client.js';
import type { PiCallOptions } from '../http/call-options.js';
import type {
  AccountReading,
  ChainIdentityEvidence,
  PayoutFacts,
  WalletHistory,
  WalletRecord,
} from './payout.evidence.js';
import type { SignedAttempt } from './payout-record.js';
import { covers, predates } from './payout.rules.js';
import type { RuleSwitches } from './rule-switches.js';
import { type EnvelopeReader, envelopeReader, toWalletRecord } from './wallet-records.js';

/** Chain evidence of the wallet could not be read as one state of one chain: ask again later. */
export class StaleHorizonError extends Error {
  override readonly name = 'StaleHorizonError';
}

/** A reading with what the lane needs beside the rules. */
export interface WalletReading extends AccountReading {
  readonly balance: bigint;
  readonly subentries: number;
}

/** A ledger of the chain, to be stored with what is signed on it. */
export interface Anchor {
  readonly ledger: number;
  readonly hash: string;
  readonly closedAt: number;
  readonly baseReserve: bigint;
}

const PAGE = 200;
/** Most that one look asks for; the next one goes on from there. */
const PAGES_AT_ONCE = 50;
/** Most that is read for a person's decision. */
const PAGES_TO_THE_END = 500;
/** Records kept beyond those a payout in flight needs. */
const KEPT_RECORDS = 2_000;
/** For so long the identity of the chain is taken as read, in milliseconds. Signs of a change shorten it. */
const IDENTITY_MS = 300_000;

/**
 * Reads the evidence of one wallet during one tenure of its lane.
 *
 * Records are kept: that a transaction consumed a sequence number stays true, so the history is asked only for numbers
 * nothing is known of. Account readings and close times are never kept.
 */
export class ChainReader {
  readonly #records = new Map<string, WalletRecord>();
  readonly #anchorsFound = new Map<number, string>();
  #exhausted = false;
  #highest = 0n;
  #passphrase: string | undefined;
  #anchor: Anchor | undefined;
  #identityUntil = 0;
  #missingSince: number | undefined;
  #lastSequence: bigint | undefined;
  #time = 0;
  /** Where a listing that was too long for one look goes on, and the lowest number of ours above. */
  #stopped: { readonly cursor: string; readonly lowest: bigint } | undefined;
  #toldOfLength = false;

  private constructor(
    private readonly horizon: PiHorizonClient,
    private readonly wallet: string,
    private readonly expected: string,
    private readonly rules: RuleSwitches,
    private readonly read: EnvelopeReader,
    private readonly patienceMs: number,
    private readonly pagesAtOnce: number,
    private readonly logger: Pick<Logger, 'warn'> | undefined,
    private readonly call: PiCallOptions,
  ) {}

  static async open(options: {
    horizon: PiHorizonClient;
    wallet: string;
    passphrase: string;
    rules: RuleSwitches;
    /** How long a ledger may be missing before the chain counts as another one, in milliseconds. */
    patienceMs: number;
    pagesAtOnce?: number;
    logger?: Pick<Logger, 'warn'>;
    signal?: AbortSignal;
  }): Promise<ChainReader> {
    const { horizon, wallet, passphrase, rules, patienceMs, pagesAtOnce = PAGES_AT_ONCE, logger, signal } = options;
    const read = await envelopeReader(passphrase);
    return new ChainReader(horizon, wallet, passphrase, rules, read, patienceMs, pagesAtOnce, logger, { signal });
  }

  /** R. Never one that is older than a transaction of the wallet we have already seen. */
  async account(): Promise<WalletReading> {
    const account = await this.horizon.account(this.wallet, this.call);
    if (!account || account.sequence < this.#highest) {
      this.forgetIdentity();
      throw new StaleHorizonError(
        account
          ? `Horizon shows sequence number ${account.sequence} of ${this.wallet}, but ${this.#highest} is used already`
          : `Horizon does not know the account ${this.wallet}`,
      );
    }
    const { sequence, ledger, balance, subentryCount } = account;
    this.#lastSequence = sequence;
    return { sequence, ledger, balance: balance.stroops, subentries: subentryCount };
  }

  /** A sequence number the wallet had at some time of this tenure: good enough to be a baseline. */
  async someSequence(): Promise<bigint> {
    return this.#lastSequence ?? (await this.account()).sequence;
  }

  /** close(N) of exactly the ledger of that reading. */
  async withClose(reading: WalletReading): Promise<WalletReading> {
    const ledger = this.rules.oneReading
      ? await this.horizon.ledger(reading.ledger, this.call)
      : await this.horizon.latestLedger(this.call);
    if (!ledger) throw new StaleHorizonError(`Horizon does not show ledger ${reading.ledger} yet`);
    return { ...reading, closedAt: this.#closed(ledger) };
  }

  /** When the newest ledger seen here closed, in seconds; 0 before the first. */
  get time(): number {
    return this.#time;
  }

  #closed({ closedAt }: ChainLedger): number {
    const at = seconds(closedAt);
    this.#time = Math.max(this.#time, at);
    return at;
  }

  /** Q, as far as it is needed to cover the reading for this payout. */
  async history(p: PayoutFacts, reading: AccountReading): Promise<WalletHistory> {
    this.#prune();
    let coverage = covers(p, reading, this.known, this.rules);
    // With the rule taken out (in tests), the history is read all the same: once, as a naive sender would.
    if (coverage.covered && this.rules.covering) return this.known;
    // All above where the last look stopped is known already: what is missing now lies below.
    const stopped = coverage.covered || coverage.missing >= (this.#stopped?.lowest ?? 0n) ? undefined : this.#stopped;
    this.#stopped = undefined;
    let lowest = stopped?.lowest ?? reading.sequence + 1n;
    let cursor = stopped?.cursor;
    for await (const listing of this.#pages(this.pagesAtOnce, cursor)) {
      for (const record of listing.records)
        if (record.sourceAccount === this.wallet && record.sequence < lowest) lowest = record.sequence;
      coverage = covers(p, reading, this.known, this.rules);
      cursor = listing.next;
      // Older records may be known of earlier readings: only this listing says whether it has passed what is missing.
      if (coverage.covered || lowest < coverage.missing || cursor === undefined) return this.known;
    }
    if (cursor !== undefined) this.#goOnFrom(cursor, lowest);
    return this.known;
  }

  /**
   * Everything since before this payout could be paid, gaps or not, no older than that reading.
   *
   * @throws StaleHorizonError when this Horizon cannot show it
   */
  async wholeHistory(p: PayoutFacts, reading: AccountReading): Promise<WalletHistory> {
    let first = true;
    for await (const { records, next, ledger } of this.#pages(PAGES_TO_THE_END)) {
      if (first && ledger !== undefined && ledger < reading.ledger)
        throw new StaleHorizonError(
          `Horizon lists the wallet as of ledger ${ledger}, but ${reading.ledger} has closed`,
        );
      first = false;
      if (next === undefined || records.some((record) => predates(p, toWalletRecord(record, this.read))))
        return this.known;
    }
    throw new StaleHorizonError(`the history of ${this.wallet} since the payout was begun is too long to be read`);
  }

  /** The wallet's transactions, newest first; what they say is kept. */
  async *#pages(limit: number, from?: string): AsyncGenerator<ChainTransactionPage> {
    let cursor = from;
    for (let page = 0; page < limit; page++) {
      const listing = await this.horizon.transactions(
        this.wallet,
        { order: 'desc', includeFailed: true, limit: PAGE, ...(cursor !== undefined && { cursor }) },
        this.call,
      );
      for (const record of listing.records) this.add(record);
      if (listing.next === undefined) this.#exhausted = true;
      yield listing;
      if (listing.next === undefined) return;
      cursor = listing.next;
    }
  }

  #goOnFrom(cursor: string, lowest: bigint): void {
    this.#stopped = { cursor, lowest };
    if (this.#toldOfLength) return;
    this.#toldOfLength = true;
    this.logger?.warn(
      `The history of the wallet ${this.wallet} is long: ${this.pagesAtOnce * PAGE} transactions, most of them of others, do not show what its last sequence numbers were used for. It is read on from there; until then payouts wait.`,
    );
  }

  /** What is known without asking. */
  get known(): WalletHistory {
    return { records: [...this.#records.values()], exhausted: this.#exhausted };
  }

  add(transaction: ChainTransaction): void {
    const record = toWalletRecord(transaction, this.read);
    const own = record.source === this.wallet;
    // Others' transactions prove nothing, and a busy shop has many. (With a rule taken out, in tests, they count.)
    if (!own && this.rules.walletOnly && this.rules.operationMatch) return;
    this.#records.set(record.hash, record);
    if (own && record.sequence > this.#highest) this.#highest = record.sequence;
  }

  #prune(): void {
    if (this.#records.size <= 2 * KEPT_RECORDS) return;
    const oldest = [...this.#records.values()].toSorted((a, b) => a.ledger - b.ledger).slice(0, -KEPT_RECORDS);
    for (const { hash } of oldest) this.#records.delete(hash);
    this.#exhausted = false;
  }

  // ── which chain is this? ──

  /** Read again before the next decision: something looks wrong. */
  forgetIdentity(): void {
    this.#identityUntil = 0;
  }

  /** Of this Horizon, and of the ledger stored with the newest attempt. */
  async identity(newest: SignedAttempt | undefined): Promise<ChainIdentityEvidence> {
    if (this.#passphrase === undefined || performance.now() > this.#identityUntil) await this.#readIdentity();
    const chain = { passphrase: this.#passphrase!, expected: this.expected };
    if (!newest || chain.passphrase !== this.expected) return chain;
    const { ledger, hash } = newest.anchor;
    const found = this.#anchorsFound.get(ledger) ?? (await this.#hashOf(ledger));
    return { ...chain, anchor: { stored: hash, ...(found !== undefined && { found }) } };
  }

  /** A ledger of this chain, no older than a few minutes, to be stored with an attempt. */
  async anchor(): Promise<Anchor> {
    if (!this.#anchor) await this.#readIdentity();
    return this.#anchor!;
  }

  async #readIdentity(): Promise<void> {
    this.#anchorsFound.clear();
    this.#passphrase = (await this.horizon.network(this.call)).passphrase;
    const latest = await this.horizon.latestLedger(this.call);
    if (this.#anchor && (await this.#hasBegunAnew(this.#anchor, latest))) this.#forgetChain();
    const { sequence: ledger, hash, baseReserve } = latest;
    this.#anchor = { ledger, hash, baseReserve, closedAt: this.#closed(latest) };
    this.#anchorsFound.set(latest.sequence, latest.hash);
    this.#identityUntil = performance.now() + IDENTITY_MS;
  }

  /** Another ledger of that number, or a younger chain that is not as far yet: a replica that lags is older, too. */
  async #hasBegunAnew({ ledger, hash, closedAt }: Anchor, latest: ChainLedger): Promise<boolean> {
    const found = await this.horizon.ledger(ledger, this.call);
    return found ? found.hash !== hash : latest.sequence < ledger && seconds(latest.closedAt) > closedAt;
  }

  #forgetChain(): void {
    this.#records.clear();
    this.#stopped = undefined;
    this.#exhausted = false;
    this.#highest = 0n;
    this.#lastSequence = undefined;
    this.#time = 0;
  }

  /**
   * Undefined: this Horizon goes on without that ledger. One that is behind is given time to catch up, because a replica that
   * lags must not pass for a chain that was reset.
   */
  async #hashOf(sequence: number): Promise<string | undefined> {
    const ledger = await this.horizon.ledger(sequence, this.call);
    if (ledger) {
      this.#missingSince = undefined;
      this.#anchorsFound.set(sequence, ledger.hash);
      return ledger.hash;
    }
    this.#missingSince ??= performance.now();
    if (performance.now() - this.#missingSince < this.patienceMs)
      throw new StaleHorizonError(`Horizon does not know ledger ${sequence}, which our newest attempt was signed on`);
    return undefined;
  }
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
