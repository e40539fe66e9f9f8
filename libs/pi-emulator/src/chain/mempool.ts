import type { AppliedTransaction, CoreAnswer } from './chain.types.js';
import type { Chain } from './chain.js';
import type { ChainState } from './chain-state.js';
import type { Envelope } from './envelope.js';
import { plainResult } from './result-xdr.js';
import { TransactionQueue } from './transaction-queue.js';
import { available, isBadSequence, minimumFee, refusalOf } from './validation.js';

/** Seconds stellar-core adds to the clock when it asks whether a transaction is too late: two ledgers. */
const CLOSE_TIME_MARGIN = 10n;
/** By how much a fee bump must outbid the pending transaction it replaces (stellar-core: FEE_MULTIPLIER). */
const FEE_MULTIPLIER = 10n;

/** How transactions get from a post into a ledger: stellar-core's checks, its queue, and what adversaries slip in. */
export class Mempool {
  readonly queue = new TransactionQueue();
  /** Stroops asked for an operation while blocks are full; undefined in calm weather. */
  surgeFee: bigint | undefined;
  private foreign: Envelope[] = [];
  private held: { envelope: Envelope; ledger: number }[] = [];

  constructor(private readonly chain: Chain) {}

  get effectiveFee(): bigint {
    const { baseFee } = this.chain;
    return this.surgeFee !== undefined && this.surgeFee > baseFee ? this.surgeFee : baseFee;
  }

  submit(envelope: Envelope): CoreAnswer {
    const { hash, source } = envelope;
    const { ledgers } = this.chain;
    if (this.queue.isBanned(envelope)) return { status: 'TRY_AGAIN_LATER', hash };

    const pending = this.queue.pendingOf(source);
    if (pending) {
      if (pending.hash === hash) return { status: 'DUPLICATE', hash };
      if (envelope.sequence < pending.sequence) return this.refuse(envelope, 'tx_bad_seq');
      if (!envelope.feeBump || envelope.sequence !== pending.sequence) return { status: 'TRY_AGAIN_LATER', hash };
      if (!outbids(envelope, pending)) return this.refuse(envelope, 'tx_insufficient_fee');
    }
    const isSurge = this.effectiveFee > this.chain.baseFee;
    if (isSurge && envelope.fee < minimumFee(envelope, this.effectiveFee)) {
      this.queue.ban(envelope, ledgers.latestSequence);
      return this.refuse(envelope, 'tx_insufficient_fee');
    }
    const result = refusalOf(envelope, this.chain.accounts, {
      ledger: ledgers.latestSequence + 1,
      earliestClose: BigInt(ledgers.latestClosedAt),
      latestClose: BigInt(Math.floor(this.chain.now() / 1000)) + CLOSE_TIME_MARGIN,
      baseFee: this.chain.baseFee,
      baseReserve: this.chain.baseReserve,
    });
    if (result) {
      this.banRefused(envelope);
      return { status: 'ERROR', hash, result };
    }
    if (!this.canPay(envelope, pending)) return this.refuse(envelope, 'tx_insufficient_balance');
    this.queue.add(envelope);
    return { status: 'PENDING', hash };
  }

  /** Enters a transaction that came in through another node: it is not bound to our queue's place for the account. */
  inject(envelope: Envelope): void {
    this.foreign.push(envelope);
  }

  /** Keeps a transaction back: core gets it just before `ledger` closes. */
  hold(envelope: Envelope, ledger: number): void {
    this.held.push({ envelope, ledger });
  }

  /** Where a transaction is that has not applied, for those who look in from outside. */
  find(hash: string): Envelope | undefined {
    return this.queue.find(hash) ?? [...this.foreign, ...this.held.map(({ envelope }) => envelope)].find(matches(hash));
  }

  /** The transactions of the ledger about to close. What has become invalid is dropped and banned. */
  take(ledger: number, closedAt: number): Envelope[] {
    const due = this.held.filter((item) => item.ledger <= ledger);
    this.held = this.held.filter((item) => item.ledger > ledger);
    for (const { envelope } of due) this.submit(envelope);

    const taken = new Map<string, Envelope>();
    for (const envelope of [...this.foreign, ...this.queue.pending()]) {
      if (taken.has(envelope.source)) continue;
      if (this.isInvalid(envelope, ledger, closedAt)) {
        this.queue.ban(envelope, ledger - 1);
        continue;
      }
      if (envelope.fee >= minimumFee(envelope, this.effectiveFee)) taken.set(envelope.source, envelope);
    }
    this.foreign = [];
    return [...taken.values()];
  }

  ledgerClosed(ledger: number, applied: readonly AppliedTransaction[]): void {
    this.queue.ledgerClosed(ledger, applied);
    for (const envelope of this.queue.pending()) {
      const account = this.chain.accounts.get(envelope.source);
      if (!account || isBadSequence(envelope, account, ledger + 1)) this.queue.ban(envelope, ledger);
    }
  }

  clear(): void {
    this.queue.clear();
    this.foreign = [];
    this.held = [];
  }

  export(): Pick<ChainState, 'queue' | 'held'> {
    const held = this.held.map(({ envelope, ledger }) => ({ xdr: envelope.xdr, ledger }));
    const foreign = this.foreign.map(({ xdr }) => ({ xdr, ledger: 0 }));
    return { queue: this.queue.export(), held: [...foreign, ...held] };
  }

  import({ queue, held }: Pick<ChainState, 'queue' | 'held'>): void {
    const read = (xdr: string): Envelope => this.chain.readOrThrow(xdr);
    this.queue.import(
      queue.pending.map(({ xdr, age }) => ({ envelope: read(xdr), age })),
      queue.bans,
    );
    this.foreign = held.filter(({ ledger }) => ledger === 0).map(({ xdr }) => read(xdr));
    this.held = held.filter(({ ledger }) => ledger > 0).map(({ xdr, ledger }) => ({ envelope: read(xdr), ledger }));
  }

  private isInvalid(envelope: Envelope, ledger: number, closedAt: number): boolean {
    const terms = {
      ledger,
      earliestClose: BigInt(closedAt),
      latestClose: BigInt(closedAt),
      baseFee: this.chain.baseFee,
      baseReserve: this.chain.baseReserve,
    };
    return refusalOf(envelope, this.chain.accounts, terms) !== undefined;
  }

  private canPay(envelope: Envelope, replaced: Envelope | undefined): boolean {
    const payer = this.chain.accounts.get(envelope.feeSource);
    if (!payer) return false;
    const freed = replaced?.feeSource === envelope.feeSource ? replaced.fee : 0n;
    const promised = this.queue.feesOf(envelope.feeSource) - freed;
    return available(payer, this.chain.baseReserve) - envelope.fee >= promised;
  }

  private banRefused(envelope: Envelope): void {
    if (this.chain.banRefused) this.queue.ban(envelope, this.chain.ledgers.latestSequence);
  }

  private refuse(
    envelope: Envelope,
    code: 'tx_bad_seq' | 'tx_insufficient_fee' | 'tx_insufficient_balance',
  ): CoreAnswer {
    const { operations, hash } = envelope;
    this.banRefused(envelope);
    return {
      status: 'ERROR',
      hash,
      result: plainResult({ code }, operations, minimumFee(envelope, this.effectiveFee)),
    };
  }
}

function outbids(newer: Envelope, older: Envelope): boolean {
  return newer.fee * minimumFee(older, 1n) >= FEE_MULTIPLIER * older.fee * minimumFee(newer, 1n);
}

function matches(hash: string): (envelope: Envelope) => boolean {
  return (envelope) => envelope.hash === hash || envelope.transaction.hash().toString('hex') === hash;
}
