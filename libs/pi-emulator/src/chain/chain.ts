import { createHash, randomUUID } from 'node:crypto';
import { StrKey } from '@stellar/stellar-base';
import { Accounts } from './accounts.js';
import { Adversary } from './adversary/adversary.js';
import { applyLedger } from './application.js';
import { exportChain, importChain, type ChainState } from './chain-state.js';
import { ChainClock } from './chain-clock.js';
import { ChainView } from './chain-view.js';
import {
  NETWORK_PASSPHRASES,
  type AccountVersion,
  type AppliedTransaction,
  type ChainOptions,
  type ClosedLedger,
  type CoreAnswer,
  type LedgerHeader,
  type PiNetworkName,
} from './chain.types.js';
import { readEnvelope, type Envelope } from './envelope.js';
import { History } from './history.js';
import { Ledgers } from './ledgers.js';
import { Mempool } from './mempool.js';
import { Waiters, type WaitOptions } from './waiters.js';

/**
 * A small real Stellar-like chain: accounts, sequence numbers, signatures, fees, time bounds, ledgers.
 * It never rests on the machine's clock alone: {@link now} runs ahead after {@link advance} and with fast ledgers.
 */
export class Chain {
  readonly network: PiNetworkName;
  readonly passphrase: string;
  readonly protocol: number;
  readonly baseFee: bigint;
  readonly baseReserve: bigint;
  readonly ledgerMs: number | 'manual';
  readonly submitTimeoutMs: number;
  /** See {@link ChainOptions.banRefused}. */
  banRefused: boolean;

  /** Everything that can go wrong, on demand. */
  readonly adversary: Adversary;

  /** @internal */ readonly accounts = new Accounts();
  /** @internal */ readonly history = new History();
  /** @internal */ readonly ledgers = new Ledgers();
  /** @internal */ readonly mempool: Mempool;
  /** @internal */ readonly clock: ChainClock;
  private readonly firstLedger: number;
  private readonly waiters = new Waiters();
  private readonly closeListeners = new Set<(ledger: ClosedLedger) => void>();
  private readonly submitListeners = new Set<(envelopeXdr: string, hash: string) => void>();
  private timer: NodeJS.Timeout | undefined;

  constructor(options: ChainOptions = {}) {
    this.network = options.network ?? 'testnet';
    this.passphrase = NETWORK_PASSPHRASES[this.network];
    this.protocol = options.protocol ?? (this.network === 'mainnet' ? 22 : 23);
    this.baseFee = options.baseFee ?? 100_000n;
    this.baseReserve = options.baseReserve ?? 4_900_000n;
    this.ledgerMs = options.ledgerMs ?? 5_000;
    this.clock = new ChainClock(
      options.clock ?? Date.now,
      () => this.ledgers.latestClosedAt,
      Math.max(1, Math.ceil(options.ledgerSeconds ?? 1)),
    );
    this.submitTimeoutMs = options.submitTimeoutMs ?? 30_000;
    this.banRefused = options.banRefused ?? true;
    this.firstLedger = options.firstLedger ?? 1;
    this.mempool = new Mempool(this);
    this.adversary = new Adversary(this);
    this.begin(options.genesis ?? randomUUID(), (options.clock ?? Date.now)());
  }

  /** Lets ledgers close on their timer. Does nothing when they close by hand. */
  start(): void {
    if (this.ledgerMs === 'manual' || this.timer) return;
    this.timer = setInterval(() => this.close(), this.ledgerMs);
    this.timer.unref();
  }

  /** Stops the timer and answers everyone who waits for a ledger as if their time had run out. */
  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.waiters.release();
  }

  /** The chain's clock in ms since 1970: never behind the last ledger's close time. */
  now(): number {
    return this.clock.now();
  }

  /** Moves the chain's clock ahead; the next ledger closes at the new time. */
  advance(seconds: number): void {
    this.clock.advance(seconds);
  }

  get latest(): LedgerHeader {
    return this.ledgers.latest;
  }

  ledger(sequence: number): LedgerHeader | undefined {
    return sequence < this.ledgers.elder ? undefined : this.ledgers.find(sequence);
  }

  account(address: string): AccountVersion | undefined {
    return this.accounts.at(address, this.ledgers.latestSequence);
  }

  /** The chain as a Horizon saw it when ledger `ledger` had closed. */
  view(ledger = this.ledgers.latestSequence): ChainView {
    return new ChainView(this, Math.min(Math.max(ledger, this.ledgers.first), this.ledgers.latestSequence));
  }

  /** The oldest ledger history is kept from. */
  get elder(): number {
    return this.ledgers.elder;
  }

  /** By hash of the envelope or of the transaction wrapped in it; what really applied, trimmed or not. */
  transaction(hash: string): AppliedTransaction | undefined {
    return this.history.find(hash);
  }

  /** Everything that applied, oldest first. */
  transactions(): readonly AppliedTransaction[] {
    return this.history.transactions;
  }

  transactionsOf(address: string): readonly AppliedTransaction[] {
    return this.history.ofAccount(address);
  }

  /**
   * Gives an account Pi out of nowhere, creating it when needed. Not a transaction: it is in no listing.
   * @param stroops at least the reserve (0.98 Pi) for a new account
   * @throws TypeError when it is no address
   */
  fund(address: string, stroops: bigint): void {
    const ledger = this.ledgers.latestSequence;
    const known = this.accounts.get(address);
    if (!known && !StrKey.isValidEd25519PublicKey(address))
      throw new TypeError(
        `pi-emulator: ${JSON.stringify(address)} is no address: give 56 characters that start with G`,
      );
    const account = known ?? { balance: 0n, sequence: BigInt(ledger) << 32n };
    this.accounts.put(address, { ...account, balance: account.balance + stroops }, ledger);
  }

  /** Decodes an envelope for this network; undefined when it is malformed. */
  read(envelopeXdr: string): Envelope | undefined {
    return readEnvelope(envelopeXdr, this.passphrase);
  }

  /**
   * Hands a transaction to core. The answer only says whether it entered the queue; see {@link waitFor}.
   * @throws TypeError for an envelope that cannot be decoded
   */
  submit(envelopeXdr: string | Envelope): CoreAnswer {
    const envelope = typeof envelopeXdr === 'string' ? this.readOrThrow(envelopeXdr) : envelopeXdr;
    for (const listener of this.submitListeners) listener(envelope.xdr, envelope.hash);
    return this.mempool.submit(envelope);
  }

  /**
   * Whether a transaction could enter some later ledger: its sequence number is unused and its time has not run out.
   * Says nothing about its signatures, fee or funds.
   */
  canStillApply(envelopeXdr: string): boolean {
    const { source, sequence, maxTime } = this.readOrThrow(envelopeXdr);
    const account = this.accounts.get(source);
    if (!account || account.sequence >= sequence) return false;
    return maxTime === 0n || maxTime > BigInt(this.ledgers.latestClosedAt);
  }

  /** @internal */
  readOrThrow(envelopeXdr: string): Envelope {
    const envelope = this.read(envelopeXdr);
    if (envelope) return envelope;
    throw new TypeError('pi-emulator: not a base64 TransactionEnvelope');
  }

  /** Closes one ledger now. */
  close(): ClosedLedger {
    const closedAt = this.clock.nextClose();
    const sequence = this.ledgers.latestSequence + 1;
    const envelopes = this.mempool.take(sequence, closedAt);
    const { draft, transactions } = applyLedger(envelopes, this.accounts, {
      header: { sequence, closedAt },
      baseFee: this.mempool.effectiveFee,
      baseReserve: this.baseReserve,
    });
    for (const [address, account] of draft.changes) this.accounts.put(address, account, sequence);
    const header = this.ledgers.append(
      closedAt,
      transactions.map(({ hash }) => hash),
    );
    for (const transaction of transactions) this.history.add(transaction);
    this.mempool.ledgerClosed(sequence, transactions);
    const closed = { ...header, transactions };
    for (const listener of this.closeListeners) listener(closed);
    this.waiters.check();
    return closed;
  }

  /** Calls back after every closed ledger. @returns how to stop it */
  onClose(listener: (ledger: ClosedLedger) => void): () => void {
    this.closeListeners.add(listener);
    return () => this.closeListeners.delete(listener);
  }

  /** Calls back for every envelope handed to core, before core judges it. @returns how to stop it */
  onSubmit(listener: (envelopeXdr: string, hash: string) => void): () => void {
    this.submitListeners.add(listener);
    return () => this.submitListeners.delete(listener);
  }

  /** Waits until a transaction has applied (successfully or not); undefined when the time runs out. */
  waitFor(hash: string, options: WaitOptions = {}): Promise<AppliedTransaction | undefined> {
    return this.waitUntil(() => this.history.find(hash), options);
  }

  /** Asks again after every ledger until there is an answer; undefined when the time runs out or the chain stops. */
  waitUntil<T>(ask: () => T | undefined, options: WaitOptions = {}): Promise<T | undefined> {
    return this.waiters.wait(ask, { timeoutMs: this.submitTimeoutMs, ...options });
  }

  /**
   * A network reset, as Pi's testnet has had: a new genesis, no history, no pending transactions.
   * @param accounts `gone` (default), or `refunded`: the same balances with fresh sequence numbers
   */
  reset({ accounts = 'gone', genesis = randomUUID() as string }: ResetOptions = {}): void {
    const now = this.now();
    const balances = this.accounts
      .addresses()
      .map((address) => [address, this.accounts.get(address)?.balance ?? 0n] as const);
    this.accounts.clear();
    this.history.clear();
    this.mempool.clear();
    this.begin(genesis, now);
    if (accounts === 'refunded') for (const [address, balance] of balances) this.fund(address, balance);
  }

  /** Forgets history before a ledger, as a Horizon with a short retention does. The chain's own knowledge stays. */
  trimHistory(before: number): void {
    if (!Number.isInteger(before))
      throw new RangeError(`pi-emulator: trimHistory(${before}): give the number of a ledger`);
    this.ledgers.trim(before);
  }

  exportState(): ChainState {
    return exportChain(this);
  }

  /** @throws Error when the state is of another network */
  importState(state: ChainState): void {
    importChain(this, state);
  }

  private begin(genesis: string, now: number): void {
    const hash = createHash('sha256').update(`${this.passphrase}|${genesis}`).digest('hex');
    this.ledgers.start(hash, this.firstLedger, Math.floor(now / 1000));
  }
}

export interface ResetOptions {
  accounts?: 'gone' | 'refunded';
  genesis?: string;
}
