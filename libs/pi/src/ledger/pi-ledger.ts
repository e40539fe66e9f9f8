import { AsyncLocalStorage } from 'node:async_hooks';
import { Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { PiLedgerOptions } from '../pi.options.js';
import type { PiPoolClient } from '../pi.ports.js';
import { appTransactions } from './app-transactions.js';
import { ledgerUnavailable, notJoined } from './ledger-errors.js';
import type { LedgerListener, ListenOptions } from './ledger-notifications.js';
import type { LedgerSession } from './ledger-session.js';
import type { OpenLedger } from './open-ledger.js';
import { OpenTransaction } from './open-transaction.js';
import { poolTransactions } from './pool-transactions.js';
import type { PiTransaction } from './pi-transaction.js';
import type { TimedRunner } from './timed-query.js';
import { retryConflicts } from './retry-conflicts.js';

/**
 * The journal of payments and payouts, in PostgreSQL or an embedded PGlite: provided when the option `ledger` is set,
 * `undefined` otherwise. Most apps use it only through the services; directly for a transaction of one's own around
 * `payouts.pay(…, { tx })` or `ads.claim(…, { tx })`.
 */
export class PiLedger<Handle = PiPoolClient> implements OnModuleInit, OnApplicationShutdown {
  /** The transaction the running code is in. Statements without one of their own are kept from waiting for it. */
  readonly #current = new AsyncLocalStorage<OpenTransaction<unknown>>();
  #opening: Promise<OpenLedger> | undefined;
  #closing: Promise<void> | undefined;

  /** @param holdsMainnetPayouts real money is at stake: a store that can lose commits is worth a warning. */
  constructor(
    private readonly options: PiLedgerOptions<Handle>,
    private readonly holdsMainnetPayouts = false,
  ) {}

  /**
   * The whole schema as SQL for `psql`, for `migrations: 'manual'`. It can be run again at every upgrade: what the database
   * already has is left alone, and a later `migrations: 'boot'` agrees with it.
   */
  static async migrationSql(): Promise<string> {
    const [{ migrationScript }, { migrations }] = await Promise.all([
      import('./migration-bookkeeping.js'),
      import('./migrations/index.js'),
    ]);
    return migrationScript(migrations);
  }

  /**
   * Asks the database for a sign of life, for health checks.
   *
   * @throws PiUnavailableError it gave none in time: at most 3.5 s.
   */
  async ping(): Promise<void> {
    const { session } = await this.open();
    await session.query('select 1');
  }

  /**
   * Runs `work` in a transaction: of the app's library when `ledger.transactions` is set, else of the ledger's pool. Commits
   * when it resolves, rolls back when it rejects.
   *
   * @throws PiUnavailableError the database is down, or too slow (`retryable`).
   * @example
   * await ledger.transaction(async (tx) => {
   *   await tx.query('update orders set status = $2 where id = $1', [order.id, 'refunding']);
   *   await payouts.pay({ idempotencyKey: `refund:${order.id}`, … }, { tx });
   * });
   */
  async transaction<T>(work: (tx: PiTransaction<Handle>) => Promise<T>): Promise<T> {
    const ledger = await this.open();
    this.#refuseInside();
    return this.#run(ledger, this.#appRunner(ledger), work);
  }

  /**
   * The same for a handler of the app's: a few at a time, so that handlers that are slow leave connections to everybody else.
   *
   * @internal
   * @param longestMs after which nobody waits for the handler any more.
   */
  async handOver<T>(work: (tx: PiTransaction<Handle>) => Promise<T>, longestMs: number): Promise<T> {
    const ledger = await this.open();
    this.#refuseInside();
    return ledger.source.turns.run(() => this.#run(ledger, this.#appRunner(ledger, longestMs), work));
  }

  /** @internal How many handlers could begin at once. */
  async freeTurns(): Promise<number> {
    return (await this.open()).source.turns.free;
  }

  /**
   * Statements outside any transaction, each for itself; inside an open transaction of this ledger they run in that one.
   * @internal
   */
  async read<T>(work: (session: LedgerSession) => Promise<T>): Promise<T> {
    const ledger = await this.open();
    const current = this.#current.getStore();
    return work(current?.open ? current.session : ledger.session);
  }

  /**
   * Statements that commit together: with those of `tx` when the caller brought one along, else in a transaction of their
   * own, which is run again when it lost against another one; so `work` changes nothing but the database.
   * @internal
   */
  async write<T>(work: (session: LedgerSession) => Promise<T>, tx?: PiTransaction<unknown>): Promise<T> {
    const ledger = await this.open();
    if (tx) return work(ledger.sessionIn(tx));
    this.#refuseInside();
    return retryConflicts(() => this.#run(ledger, poolTransactions(ledger.source, 'own'), (own) => work(own.session)));
  }

  /**
   * Calls `listener` soon after a session notified `topic` and committed, in whichever process, and at the latest every
   * `pollMs`. It must not throw; what it starts is its own affair.
   * @internal
   * @returns stops it; shutdown does, too.
   */
  async listen(topic: string, listener: LedgerListener, options?: ListenOptions): Promise<() => void> {
    const { notifications } = await this.open();
    return notifications.listen(topic, listener, options);
  }

  /**
   * One statement that commits by itself, in one round trip. Refused inside an open transaction, whose rollback it would not
   * follow.
   * @internal
   */
  async single<T>(work: (session: LedgerSession) => Promise<T>): Promise<T> {
    const ledger = await this.open();
    this.#refuseInside();
    return work(ledger.session);
  }

  /** @internal Whether the running code is inside an open transaction of this ledger. */
  get inTransaction(): boolean {
    return this.#current.getStore()?.open === true;
  }

  /** @internal Opens the database and migrates it; once, whoever comes first. */
  async open(): Promise<OpenLedger> {
    if (this.#closing) throw ledgerUnavailable('network', 'this process is shutting down');
    return (this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    }));
  }

  /** So that a wrong address or a schema that does not fit stops the start, not the first payment. */
  async onModuleInit(): Promise<void> {
    const { canLoseCommits, source } = await this.open();
    if (canLoseCommits && this.holdsMainnetPayouts) {
      new Logger('PiLedger').warn(
        `${source.description} can lose commits in a power cut, and a mainnet wallet pays out of it. No payout is made twice even so, but records can be missing. Use a PostgreSQL with fsync and synchronous_commit on.`,
      );
    }
  }

  /** The last hook, so that what works on the ledger can finish in the ones before it. */
  async onApplicationShutdown(): Promise<void> {
    await (this.#closing ??= this.#close());
  }

  /** What speaks to a database loads with the first ledger that is opened. */
  async #open(): Promise<OpenLedger> {
    const { openLedger } = await import('./open-ledger.js');
    return openLedger(this.options);
  }

  async #close(): Promise<void> {
    const ledger = await this.#opening?.catch(() => undefined);
    await ledger?.close();
  }

  #refuseInside(): void {
    if (this.#current.getStore()?.open) throw notJoined();
  }

  /** Without a runner of the app's, the handle is the pool's client, which is what `Handle` then defaults to. */
  #appRunner({ source }: OpenLedger, longestMs?: number): TimedRunner<Handle> {
    return this.options.transactions
      ? appTransactions(this.options.transactions, source.timeouts)
      : (poolTransactions(source, 'app', longestMs) as unknown as TimedRunner<Handle>);
  }

  async #run<T, H>(
    ledger: OpenLedger,
    runner: TimedRunner<H>,
    work: (tx: OpenTransaction<H>) => Promise<T>,
  ): Promise<T> {
    let last: OpenTransaction<H> | undefined;
    const result = await runner.run(async (query, handle) => {
      const tx = (last = new OpenTransaction(query, handle, ledger.sessionOver));
      try {
        return await this.#current.run(tx, () => work(tx));
      } finally {
        tx.end();
      }
    });
    last?.committed();
    return result;
  }
}
