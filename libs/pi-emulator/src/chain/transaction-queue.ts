import type { AppliedTransaction } from './chain.types.js';
import type { Envelope } from './envelope.js';

/** Ledgers a transaction may wait before it is dropped and banned (stellar-core: TRANSACTION_QUEUE_TIMEOUT_LEDGERS). */
const PENDING_DEPTH = 4;
/** Ledgers a ban lasts (stellar-core: TRANSACTION_QUEUE_BAN_LEDGERS). */
const BAN_DEPTH = 10;

interface Waiting {
  readonly envelope: Envelope;
  readonly age: number;
}

/** stellar-core's queue since version 20: one transaction for each source account, and a list of banned ones. */
export class TransactionQueue {
  private readonly waiting = new Map<string, Waiting>();
  /** What each payer has promised in fees for what is waiting. */
  private readonly promised = new Map<string, bigint>();
  /** Full hash → the ledger whose closing lifts the ban. */
  private readonly bans = new Map<string, number>();

  pendingOf(source: string): Envelope | undefined {
    return this.waiting.get(source)?.envelope;
  }

  find(hash: string): Envelope | undefined {
    return this.pending().find(
      ({ hash: outer, transaction, feeBump }) =>
        outer === hash || (feeBump && transaction.hash().toString('hex') === hash),
    );
  }

  /** In the order of arrival. */
  pending(): Envelope[] {
    return [...this.waiting.values()].map(({ envelope }) => envelope);
  }

  /** Fees promised by everything this account pays for. */
  feesOf(feeSource: string): bigint {
    return this.promised.get(feeSource) ?? 0n;
  }

  add(envelope: Envelope): void {
    this.drop(envelope.source);
    this.wait({ envelope, age: 0 });
  }

  ban({ fullHash, source }: Envelope, latestLedger: number): void {
    this.bans.set(fullHash, latestLedger + BAN_DEPTH);
    if (this.waiting.get(source)?.envelope.fullHash === fullHash) this.drop(source);
  }

  isBanned({ fullHash }: Envelope): boolean {
    return this.bans.has(fullHash);
  }

  /** After a ledger: forgets what it consumed, ages the rest, drops and bans what has waited too long. */
  ledgerClosed(ledger: number, applied: readonly AppliedTransaction[]): void {
    for (const { sourceAccount, sequence } of applied) {
      const pending = this.pendingOf(sourceAccount);
      if (pending && pending.sequence <= sequence) this.drop(sourceAccount);
    }
    for (const [fullHash, until] of this.bans) if (until <= ledger) this.bans.delete(fullHash);
    for (const [source, { envelope, age }] of this.waiting) {
      this.waiting.set(source, { envelope, age: age + 1 });
      if (age + 1 >= PENDING_DEPTH) this.ban(envelope, ledger);
    }
  }

  clear(): void {
    this.waiting.clear();
    this.promised.clear();
    this.bans.clear();
  }

  export(): { pending: { xdr: string; age: number }[]; bans: [string, number][] } {
    const pending = [...this.waiting.values()].map(({ envelope, age }) => ({ xdr: envelope.xdr, age }));
    return { pending, bans: [...this.bans] };
  }

  import(pending: readonly Waiting[], bans: readonly (readonly [string, number])[]): void {
    this.clear();
    for (const item of pending) this.wait(item);
    for (const [fullHash, until] of bans) this.bans.set(fullHash, until);
  }

  private wait(item: Waiting): void {
    const { source, feeSource, fee } = item.envelope;
    this.waiting.set(source, item);
    this.promised.set(feeSource, this.feesOf(feeSource) + fee);
  }

  private drop(source: string): void {
    const item = this.waiting.get(source);
    if (!item) return;
    const { feeSource, fee } = item.envelope;
    this.waiting.delete(source);
    const left = this.feesOf(feeSource) - fee;
    if (left > 0n) this.promised.set(feeSource, left);
    else this.promised.delete(feeSource);
  }
}
