import type { AccountVersion, ChainAccount } from './chain.types.js';

/** Versions of an account older than this many ledgers are forgotten: no emulated replica lags further behind. */
export const REPLICA_DEPTH = 720;

export interface AccountReader {
  get(address: string): ChainAccount | undefined;
}

/** Changes over a reader, kept apart until they are taken: a failed transaction is one that is not taken. */
export class AccountDraft implements AccountReader {
  readonly changes = new Map<string, ChainAccount>();

  constructor(private readonly base: AccountReader) {}

  get(address: string): ChainAccount | undefined {
    return this.changes.get(address) ?? this.base.get(address);
  }

  put(address: string, account: ChainAccount): void {
    this.changes.set(address, account);
  }

  take(other: AccountDraft): void {
    for (const [address, account] of other.changes) this.changes.set(address, account);
  }
}

type Version = ChainAccount & { readonly ledger: number };

/** Every account of the chain, with enough of its past to answer as a replica that lags behind. */
export class Accounts implements AccountReader {
  private readonly versions = new Map<string, Version[]>();

  get(address: string): ChainAccount | undefined {
    return this.versions.get(address)?.at(-1);
  }

  /** The account as it stood when `ledger` had closed. */
  at(address: string, ledger: number): AccountVersion | undefined {
    const version = this.versions.get(address)?.findLast((candidate) => candidate.ledger <= ledger);
    return version && { ...version, address };
  }

  put(address: string, account: ChainAccount, ledger: number): void {
    const { balance, sequence, sequenceLedger, sequenceTime } = account;
    const version: Version = {
      balance,
      sequence,
      ledger,
      ...(sequenceLedger !== undefined && { sequenceLedger }),
      ...(sequenceTime !== undefined && { sequenceTime }),
    };
    const past = this.versions.get(address);
    if (!past) {
      this.versions.set(address, [version]);
      return;
    }
    if (past.at(-1)?.ledger === ledger) past.pop();
    past.push(version);
    const firstNeeded = past.findLastIndex((candidate) => candidate.ledger <= ledger - REPLICA_DEPTH);
    if (firstNeeded > 0) past.splice(0, firstNeeded);
  }

  addresses(): string[] {
    return [...this.versions.keys()];
  }

  clear(): void {
    this.versions.clear();
  }

  export(): [string, Version[]][] {
    return [...this.versions].map(([address, versions]) => [address, [...versions]]);
  }

  import(entries: readonly (readonly [string, readonly Version[]])[]): void {
    this.versions.clear();
    for (const [address, versions] of entries) this.versions.set(address, [...versions]);
  }
}
