import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Client } from 'pg';
import { withDeadline } from './deadline.js';

const CONNECT_MS = 5_000;
/** A message to ourselves takes milliseconds; a busy machine gets its time. */
const PROBE_MS = 5_000;
const HEARTBEAT_MS = 30_000;
const RECONNECT_MS = { first: 200, longest: 15_000 };
/** A pooler in transaction mode stays one; a changed address comes with a restart as a rule. */
const POOLER_RECHECK_MS = 600_000;

export interface PostgresListenerOptions {
  readonly channel: string;
  /** As it is, not copied: pg keeps the password where a copy loses it. */
  readonly clientConfig: object;
  readonly description: string;
  onMessage(message: string): void;
  /** Listening has begun, or begun again: what came in between was missed. */
  onGap(): void;
  /** Sends a message to the channel, through another connection than the listener's. */
  notify(message: string): Promise<void>;
}

/** LISTEN on a connection of its own, for as long as it takes: reconnects, and finds out when no message will ever come. */
export class PostgresListener {
  readonly #logger = new Logger('PiLedger');
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #listening = false;

  constructor(private readonly options: PostgresListenerOptions) {}

  /** True while messages are known to arrive. */
  get listening(): boolean {
    return this.#listening;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    let pauseMs = RECONNECT_MS.first;
    while (!this.#stop.signal.aborted) {
      const end = await this.#listen().catch((error: unknown) => ({ error }));
      const wasListening = this.#listening;
      this.#listening = false;
      if (this.#stop.signal.aborted) return;
      if (end === 'pooler') {
        this.#logger.warn(
          `${this.options.description} is reached through a pooler in transaction mode: LISTEN does not work there, so news of other instances is found by polling. For faster wake-up give the ledger a direct or session-mode address.`,
        );
      } else if (wasListening) {
        this.#logger.warn(`Lost the notification connection to ${this.options.description}; polling until it is back`);
      }
      pauseMs = wasListening ? RECONNECT_MS.first : Math.min(pauseMs * 2, RECONNECT_MS.longest);
      await this.#pause(end === 'pooler' ? POOLER_RECHECK_MS : pauseMs);
    }
  }

  /** One connection's life. Resolves with why it ended. */
  async #listen(): Promise<'lost' | 'stopped' | 'pooler'> {
    const { Client } = await import('pg');
    const client = new Client(this.options.clientConfig);
    const lost = new Promise<'lost'>((resolve) => {
      client.on('error', () => resolve('lost'));
      client.on('end', () => resolve('lost'));
    });
    try {
      await withDeadline(client.connect(), CONNECT_MS, () => new Error('no connection'));
      const probe = this.#receiveUntil(client);
      await client.query(`listen ${this.options.channel}`);
      await this.options.notify(probe.message);
      if (!(await Promise.race([probe.arrived, this.#pause(PROBE_MS).then(() => false), lost.then(() => false)]))) {
        await withDeadline(client.query('unlisten *'), CONNECT_MS, () => new Error('no answer'));
        return this.#stop.signal.aborted ? 'stopped' : 'pooler';
      }
      this.#listening = true;
      this.options.onGap();
      return await Promise.race([lost, this.#untilSilent(client)]);
    } finally {
      client.removeAllListeners('notification');
      await withDeadline(client.end(), CONNECT_MS, () => new Error('no end')).catch(() => {});
    }
  }

  /** Passes messages on, except the one that shows that they come at all. */
  #receiveUntil(client: Client): { message: string; arrived: Promise<true> } {
    const message = `probe:${randomUUID()}`;
    const arrived = new Promise<true>((resolve) => {
      client.on('notification', ({ payload = '' }) => {
        if (payload === message) resolve(true);
        else this.options.onMessage(payload);
      });
    });
    return { message, arrived };
  }

  /** A connection whose other end vanished without a word looks idle for ever. */
  async #untilSilent(client: Client): Promise<'lost' | 'stopped'> {
    while (!this.#stop.signal.aborted) {
      await this.#pause(HEARTBEAT_MS);
      if (this.#stop.signal.aborted) break;
      const alive = withDeadline(client.query('select 1'), CONNECT_MS, () => new Error('silent'));
      if (
        !(await alive.then(
          () => true,
          () => false,
        ))
      )
        return 'lost';
    }
    return 'stopped';
  }

  /** Ends early, without an error, when the listener is stopped. */
  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stop.signal, ref: false }).catch(() => {});
  }
}
