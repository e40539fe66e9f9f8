import type { AppliedTransaction } from './chain.types.js';

const NONE: readonly AppliedTransaction[] = [];

/** Every transaction that has applied, successful or failed, in the order of the chain. */
export class History {
  private readonly all: AppliedTransaction[] = [];
  private readonly byHash = new Map<string, AppliedTransaction>();
  private readonly byAccount = new Map<string, AppliedTransaction[]>();
  private readonly byLedger = new Map<number, AppliedTransaction[]>();

  add(transaction: AppliedTransaction): void {
    this.all.push(transaction);
    this.byHash.set(transaction.hash, transaction);
    if (transaction.innerHash) this.byHash.set(transaction.innerHash, transaction);
    for (const address of transaction.participants) append(this.byAccount, address, transaction);
    append(this.byLedger, transaction.ledger, transaction);
  }

  /** By the hash of the envelope, or of the transaction wrapped in it. */
  find(hash: string): AppliedTransaction | undefined {
    return this.byHash.get(hash);
  }

  get transactions(): readonly AppliedTransaction[] {
    return this.all;
  }

  ofAccount(address: string): readonly AppliedTransaction[] {
    return this.byAccount.get(address) ?? NONE;
  }

  ofLedger(ledger: number): readonly AppliedTransaction[] {
    return this.byLedger.get(ledger) ?? NONE;
  }

  clear(): void {
    this.all.length = 0;
    this.byHash.clear();
    this.byAccount.clear();
    this.byLedger.clear();
  }
}

function append<K>(map: Map<K, AppliedTransaction[]>, key: K, transaction: AppliedTransaction): void {
  const list = map.get(key);
  if (list) list.push(transaction);
  else map.set(key, [transaction]);
}
