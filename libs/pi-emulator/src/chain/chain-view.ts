import type { AccountVersion, AppliedTransaction, LedgerHeader } from './chain.types.js';
import type { Chain } from './chain.js';
import { firstIndex } from './sorted.js';

export interface TransactionQuery {
  /** Only those touching this account. */
  account?: string;
  /** Only those of this ledger. */
  ledger?: number;
  /** Failed ones too. Default false. */
  includeFailed?: boolean;
}

/** The chain as one Horizon sees it: everything up to `ledger`, nothing after it, nothing trimmed. */
export class ChainView {
  constructor(
    private readonly chain: Chain,
    readonly ledger: number,
  ) {}

  get header(): LedgerHeader {
    const header = this.chain.ledgers.find(this.ledger);
    if (!header) throw new Error(`pi-emulator: no ledger ${this.ledger}`);
    return header;
  }

  ledgerHeader(sequence: number): LedgerHeader | undefined {
    return sequence > this.ledger ? undefined : this.chain.ledger(sequence);
  }

  account(address: string): AccountVersion | undefined {
    return this.chain.accounts.at(address, this.ledger);
  }

  /** By outer or inner hash. */
  transaction(hash: string): AppliedTransaction | undefined {
    const found = this.chain.history.find(hash);
    return found && this.shows(found) ? found : undefined;
  }

  /** Oldest first. */
  transactions({ account, ledger, includeFailed = false }: TransactionQuery = {}): readonly AppliedTransaction[] {
    const { history } = this.chain;
    const candidates =
      ledger !== undefined
        ? history.ofLedger(ledger)
        : account !== undefined
          ? history.ofAccount(account)
          : history.transactions;
    const shown = this.within(candidates);
    return includeFailed ? shown : shown.filter(({ successful }) => successful);
  }

  private within(ascending: readonly AppliedTransaction[]): readonly AppliedTransaction[] {
    const start = firstIndex(ascending, ({ ledger }) => ledger >= this.chain.elder);
    const end = firstIndex(ascending, ({ ledger }) => ledger > this.ledger);
    return start === 0 && end === ascending.length ? ascending : ascending.slice(start, end);
  }

  private shows({ ledger }: AppliedTransaction): boolean {
    return ledger <= this.ledger && ledger >= this.chain.elder;
  }
}
