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
    return this.pending().reduce((sum, { feeSource: payer, fee }) => (payer === feeSource ? sum + fee : sum), 0n);
  }

  add(envelope: Envelope): void {
    this.waiting.set(envelope.source, { envelope, age: 0 });
  }

  ban({ fullHash, source }: Envelope, latestLedger: number): void {
    this.bans.set(fullHash, latestLedger + BAN_DEPTH);
    if (this.waiting.get(source)?.envelope.fullHash === fullHash) this.waiting.delete(source);
  }

  isBanned({ fullHash }: Envelope): boolean {
    return this.bans.has(fullHash);
  }

  /** After a ledger: forgets what it consumed, ages the rest, drops and bans what has waited too long. */
  ledgerClosed(ledger: number, applied: readonly AppliedTransaction[]): void {
    for (const { sourceAccount, sequence } of applied) {
      const pending = this.pendingOf(sourceAccount);
      if (pending && pending.sequence <= sequence) this.waiting.delete(sourceAccount);
    }
    for (const [fullHash, until] of this.bans) if (until <= ledger) this.bans.delete(fullHash);
    for (const [source, { envelope, age }] of this.waiting) {
      this.waiting.set(source, { envelope, age: age + 1 });
      if (age + 1 >= PENDING_DEPTH) this.ban(envelope, ledger);
    }
  }

  clear(): void {
    this.waiting.clear();
    this.bans.clear();
  }

  export(): { pending: { xdr: string; age: number }[]; bans: [string, number][] } {
    const pending = [...this.waiting.values()].map(({ envelope, age }) => ({ xdr: envelope.xdr, age }));
    return { pending, bans: [...this.bans] };
  }

  import(pending: readonly Waiting[], bans: readonly (readonly [string, number])[]): void {
    this.clear();
    for (const { envelope, age } of pending) this.waiting.set(envelope.source, { envelope, age });
    for (const [fullHash, until] of bans) this.bans.set(fullHash, until);
  }
}
