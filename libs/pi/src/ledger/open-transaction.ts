import type { Logger } from '@nestjs/common';
import type { PiQuery } from '../pi.ports.js';
import { transactionEnded } from './ledger-errors.js';
import type { LedgerSession } from './ledger-session.js';
import type { PiTransaction } from './pi-transaction.js';

/** Makes the ledger's own session over the statements of a transaction. */
export type SessionMaker = (over: Pick<PiTransaction<unknown>, 'query' | 'afterCommit'>) => LedgerSession;

/** A transaction while its function runs, and the work it left for after the commit. */
export class OpenTransaction<Handle> implements PiTransaction<Handle> {
  readonly session: LedgerSession;
  readonly #afterCommit: (() => unknown)[] = [];
  #open = true;

  constructor(
    private readonly run: PiQuery,
    readonly handle: Handle,
    makeSession: SessionMaker,
  ) {
    this.session = makeSession(this);
  }

  /** False once the function has settled: what still holds the transaction then must not reach its connection. */
  get open(): boolean {
    return this.#open;
  }

  readonly query: PiQuery = async (text, values) => {
    if (!this.#open) throw transactionEnded();
    return this.run(text, values);
  };

  afterCommit(work: () => unknown): void {
    if (!this.#open) throw transactionEnded();
    this.#afterCommit.push(work);
  }

  end(): void {
    this.#open = false;
  }

  /** Starts what was left for after the commit. Nobody waits for it, and its failure changes nothing: it is logged. */
  committed(logger: Logger): void {
    for (const work of this.#afterCommit) {
      void (async () => work())().catch((error: unknown) => {
        logger.error('Work after a commit failed; the commit stands', error instanceof Error ? error.stack : error);
      });
    }
  }
}
