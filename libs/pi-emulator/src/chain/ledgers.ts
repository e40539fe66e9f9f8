import { createHash } from 'node:crypto';
import type { LedgerHeader } from './chain.types.js';
import { firstIndex } from './sorted.js';

/** Ledgers `first`, `first + 1`, …: closed at `closedAt`, `closedAt + step`, … */
interface CloseTimes {
  first: number;
  closedAt: number;
  step: number;
  count: number;
}

interface FilledLedger {
  readonly ledger: number;
  readonly hash: string;
}

export interface LedgersState {
  readonly genesis: string;
  readonly closeTimes: readonly CloseTimes[];
  readonly filled: readonly FilledLedger[];
}

/**
 * Every ledger that has closed. Only those with transactions are kept one by one; of an empty one there is but its
 * place in a run of close times, and its hash follows from the last filled ledger before it, its number and its time.
 */
export class Ledgers {
  private genesis = '';
  private closeTimes: CloseTimes[] = [];
  private filled: FilledLedger[] = [];
  /** History before this ledger is forgotten; 0 when none is. */
  private trimmedBefore = 0;

  start(genesis: string, first: number, closedAt: number): void {
    this.genesis = genesis;
    this.closeTimes = [{ first, closedAt, step: 0, count: 1 }];
    this.filled = [];
    this.trimmedBefore = 0;
  }

  get first(): number {
    return this.closeTimes[0]?.first ?? 1;
  }

  /** The oldest one history is kept from. */
  get elder(): number {
    return Math.max(this.trimmedBefore, this.first);
  }

  /** Forgets history before a ledger: it is still found here, but `elder` says not to tell. */
  trim(before: number): void {
    this.trimmedBefore = Math.min(Math.max(before, this.trimmedBefore), this.latestSequence);
  }

  get latest(): LedgerHeader {
    const run = this.lastRun();
    return this.header(run.first + run.count - 1);
  }

  get latestSequence(): number {
    const run = this.lastRun();
    return run.first + run.count - 1;
  }

  get latestClosedAt(): number {
    const run = this.lastRun();
    return run.closedAt + run.step * (run.count - 1);
  }

  append(closedAt: number, transactionHashes: readonly string[]): LedgerHeader {
    const run = this.lastRun();
    const sequence = this.latestSequence + 1;
    const step = closedAt - this.latestClosedAt;
    const previousHash = this.hashOf(sequence - 1);
    if (run.count === 1 || step === run.step) {
      run.step = step;
      run.count += 1;
    } else {
      this.closeTimes.push({ first: sequence, closedAt, step: 0, count: 1 });
    }
    if (transactionHashes.length > 0) {
      this.filled.push({
        ledger: sequence,
        hash: digest(previousHash, String(sequence), String(closedAt), ...transactionHashes),
      });
    }
    return this.header(sequence);
  }

  find(sequence: number): LedgerHeader | undefined {
    if (!Number.isInteger(sequence) || sequence < this.first || sequence > this.latestSequence) return undefined;
    return this.header(sequence);
  }

  closedAt(sequence: number): number {
    const run = this.closeTimes[firstIndex(this.closeTimes, ({ first }) => first > sequence) - 1] ?? this.lastRun();
    return run.closedAt + run.step * (sequence - run.first);
  }

  export(): LedgersState {
    return {
      genesis: this.genesis,
      closeTimes: this.closeTimes.map((run) => ({ ...run })),
      filled: [...this.filled],
    };
  }

  import({ genesis, closeTimes, filled }: LedgersState, elder: number): void {
    this.trimmedBefore = elder;
    this.genesis = genesis;
    this.closeTimes = closeTimes.map((run) => ({ ...run }));
    this.filled = [...filled];
  }

  private header(sequence: number): LedgerHeader {
    return {
      sequence,
      hash: this.hashOf(sequence),
      previousHash: sequence === this.first ? '0'.repeat(64) : this.hashOf(sequence - 1),
      closedAt: this.closedAt(sequence),
    };
  }

  private hashOf(sequence: number): string {
    const anchor = this.lastFilled(sequence);
    if (anchor?.ledger === sequence) return anchor.hash;
    return digest(anchor?.hash ?? this.genesis, String(sequence), String(this.closedAt(sequence)));
  }

  private lastFilled(sequence: number): FilledLedger | undefined {
    return this.filled[firstIndex(this.filled, ({ ledger }) => ledger > sequence) - 1];
  }

  private lastRun(): CloseTimes {
    const run = this.closeTimes.at(-1);
    if (!run) throw new Error('pi-emulator: the chain has not been started');
    return run;
  }
}

function digest(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('|')).digest('hex');
}
