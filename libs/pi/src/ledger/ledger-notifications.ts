import { randomUUID } from 'node:crypto';
import type { PiQuery } from '../pi.ports.js';
import type { LedgerSource } from './ledger-source.js';
import type { SessionGround } from './open-transaction.js';
import { PostgresListener } from './postgres-listener.js';

/** One channel for all topics, so that there is one LISTEN. */
export const CHANNEL = 'nestjs_pi';

/** `undefined`: look for yourself, something may have been missed or it is time to. */
export type LedgerListener = (payload: string | undefined) => unknown;

export interface ListenOptions {
  /** Longest time between two calls. Default: 5,000 where notifications arrive, 1,000 where polling is all there is. */
  readonly pollMs?: number;
}

/** How news of a commit travels. `polling`: other processes' only by looking; this one's own always at once. */
export type LedgerWakeUp = 'in-process' | 'notify' | 'polling';

const POLL_MS: Record<LedgerWakeUp, number> = { 'in-process': 5_000, notify: 5_000, polling: 1_000 };

/** Wakes whoever waits for rows, in this process and in the others, with polling behind it: a lost message costs time only. */
export class LedgerNotifications {
  /** Messages of our own come back from PostgreSQL; they were delivered already. */
  readonly #self = randomUUID();
  readonly #listeners = new Map<LedgerListener, { topic: string; timer?: NodeJS.Timeout; pollMs?: number }>();
  #postgres: PostgresListener | undefined;

  /** @param query runs a statement on any connection of the pool: the listener's own would prove nothing. */
  constructor(
    private readonly source: LedgerSource,
    private readonly query: PiQuery,
  ) {}

  get wakeUp(): LedgerWakeUp {
    if (this.source.embedded) return 'in-process';
    return this.#postgres?.listening ? 'notify' : 'polling';
  }

  /** In a transaction: delivered with its commit, or not at all. */
  async notify(over: SessionGround, topic: string, payload = ''): Promise<void> {
    if (!this.source.embedded) {
      await over.query('select pg_notify($1, $2)', [CHANNEL, JSON.stringify({ from: this.#self, topic, payload })]);
    }
    over.afterCommit(() => this.#deliver(topic, payload));
  }

  /** @returns stops it. */
  listen(topic: string, listener: LedgerListener, { pollMs }: ListenOptions = {}): () => void {
    const own: LedgerListener = (payload) => listener(payload);
    this.#listeners.set(own, { topic, ...(pollMs !== undefined && { pollMs }) });
    this.#pollLater(own);
    this.#startPostgres();
    return () => this.#forget(own);
  }

  async close(): Promise<void> {
    for (const listener of this.#listeners.keys()) this.#forget(listener);
    await this.#postgres?.stop();
  }

  #startPostgres(): void {
    const { embedded, clientConfig, description } = this.source;
    if (embedded || !clientConfig || this.#postgres) return;
    this.#postgres = new PostgresListener({
      channel: CHANNEL,
      clientConfig,
      description,
      onMessage: (message) => this.#receive(message),
      onGap: () => this.#wakeAll(),
      notify: async (message) => void (await this.query('select pg_notify($1, $2)', [CHANNEL, message])),
    });
    this.#postgres.start();
  }

  #receive(message: string): void {
    let news: { from?: unknown; topic?: unknown; payload?: unknown };
    try {
      news = JSON.parse(message) as typeof news;
    } catch {
      return;
    }
    if (news.from === this.#self || typeof news.topic !== 'string' || typeof news.payload !== 'string') return;
    this.#deliver(news.topic, news.payload);
  }

  #deliver(topic: string, payload: string): void {
    for (const [listener, entry] of this.#listeners) if (entry.topic === topic) this.#call(listener, payload);
  }

  #wakeAll(): void {
    for (const listener of this.#listeners.keys()) this.#call(listener, undefined);
  }

  #call(listener: LedgerListener, payload: string | undefined): void {
    this.#pollLater(listener);
    listener(payload);
  }

  #pollLater(listener: LedgerListener): void {
    const entry = this.#listeners.get(listener);
    if (!entry) return;
    clearTimeout(entry.timer);
    entry.timer = setTimeout(() => this.#call(listener, undefined), entry.pollMs ?? POLL_MS[this.wakeUp]).unref();
  }

  #forget(listener: LedgerListener): void {
    clearTimeout(this.#listeners.get(listener)?.timer);
    this.#listeners.delete(listener);
  }
}
