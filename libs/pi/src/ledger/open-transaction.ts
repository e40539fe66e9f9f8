import { runAfterCommit } from './after-commit.js';
import { transactionEnded } from './ledger-errors.js';
import type { LedgerSession } from './ledger-session.js';
import type { PiTransaction } from './pi-transaction.js';
import type { TimedQuery } from './timed-query.js';

/** What a session is made over: the statements of the pool, or of a transaction. */
export interface SessionGround {
  readonly query: TimedQuery;
  afterCommit(work: () => unknown): void;
}

export type SessionMaker = (over: SessionGround) => LedgerSession;

/** A transaction while its function runs, and the work it left for after the commit. */
export class OpenTransaction<Handle> implements PiTransaction<Handle> {
  readonly session: LedgerSession;
  readonly #afterCommit: (() => unknown)[] = [];
  #open = true;

  constructor(
    private readonly run: TimedQuery,
    readonly handle: Handle,
    makeSession: SessionMaker,
  ) {
    this.session = makeSession(this);
  }

  /** False once the function has settled: what still holds the transaction then must not reach its connection. */
  get open(): boolean {
    return this.#open;
  }

  /** Also `TimedQuery`, for the ledger's own statements. */
  readonly query: TimedQuery = async (text, values, timeoutMs) => {
    if (!this.#open) throw transactionEnded();
    return this.run(text, values, timeoutMs);
  };

  afterCommit(work: () => unknown): void {
    if (!this.#open) throw transactionEnded();
    this.#afterCommit.push(work);
  }

  end(): void {
    this.#open = false;
  }

  /** To be called when the commit stands. */
  committed(): void {
    this.#afterCommit.forEach(runAfterCommit);
  }
}
