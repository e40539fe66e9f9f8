import { hash } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { PiTokenStore } from '../pi.ports.js';
import { fromStored, toStored } from './verified-token.js';
import type { VerifiedToken } from './verified-token.js';

/** `unknown`: the store has no such token. `silent`: the store could not be asked. */
export type StoreAnswer = VerifiedToken | 'unknown' | 'silent';

/** A store slower than this is no help. */
const PATIENCE_MS = 500;
/** After a failure it is left alone for so long. */
const REST_MS = 1_000;
/** Between two warnings. */
const QUIET_MS = 60_000;
/** Calls under way, those it never answered included. */
const CALLS_AT_A_TIME = 1_000;

/** The second level: what one instance has verified, the others need not ask. Its failures are never the caller's. */
export class SharedTokenStore {
  private readonly logger = new Logger('PiAuth');
  private readonly onStoreError = (error: unknown) => this.failed(error);
  private underWay = 0;
  private restsUntil = 0;
  private quietUntil = 0;
  private failures = 0;
  /** Whether it took the last value. */
  private takes = true;
  private trying = false;
  /** Keys the store failed to remove, and until when what lies there could be of use. */
  private readonly owed = new Map<string, number>();
  private settling: NodeJS.Timeout | undefined;

  /**
   * @param prefix keeps apart what must not be mixed: other Pi apps, another Platform API.
   * @param keepMs how long a value is of any use, fresh or stale.
   */
  constructor(
    private readonly store: PiTokenStore,
    private readonly prefix: string,
    private readonly keepMs: number,
  ) {
    // A Keyv swallows failures and answers undefined; it tells by an event.
    if (isEmitter(store)) store.on('error', this.onStoreError);
  }

  async read(token: string): Promise<StoreAnswer> {
    if (this.busy) return 'silent';
    const key = this.key(token);
    if (this.owed.has(key)) return 'unknown';
    try {
      const value = await this.call(() => this.store.get(key));
      return this.resting ? 'silent' : (fromStored(value) ?? 'unknown');
    } catch (error) {
      this.failed(error);
      return 'silent';
    }
  }

  /** @returns whether it lies there now. */
  async write(token: string, verified: VerifiedToken): Promise<boolean> {
    const ttlMs = Math.min(verified.checkedAt + this.keepMs, +verified.pioneer.validUntil) - Date.now();
    if (ttlMs <= 0 || this.busy) return false;
    const key = this.key(token);
    this.takes = await this.attempt(() => this.store.set(key, toStored(verified), ttlMs));
    // Verified after it was forgotten, so it may lie there again.
    if (this.takes) this.owed.delete(key);
    return this.takes;
  }

  /**
   * False while it answers but takes nothing (it is full, or a replica): that it has no value which was never written says nothing
   * then. Tries again by itself.
   */
  get takesValues(): boolean {
    if (!this.takes) void this.tryToWrite();
    return this.takes;
  }

  /** Tried even while the store rests, and again until it is done: what is forgotten must not come back with the store. */
  async delete(token: string): Promise<void> {
    await this.remove(this.key(token), Date.now() + this.keepMs);
  }

  close(): void {
    clearTimeout(this.settling);
    this.owed.clear();
    if (isEmitter(this.store)) this.store.off('error', this.onStoreError);
  }

  private key(token: string): string {
    return this.prefix + fingerprint(token);
  }

  private get resting(): boolean {
    return Date.now() < this.restsUntil;
  }

  private get busy(): boolean {
    return this.resting || this.isFull;
  }

  private get isFull(): boolean {
    return this.underWay >= CALLS_AT_A_TIME;
  }

  /** A failure makes it rest, so this is about once a second. */
  private async tryToWrite(): Promise<void> {
    if (this.trying || this.busy) return;
    this.trying = true;
    this.takes = await this.attempt(() => this.store.set(`${this.prefix}takes-values`, true, REST_MS));
    this.trying = false;
  }

  private async remove(key: string, until: number): Promise<boolean> {
    this.owed.set(key, until);
    const removed = await this.attempt(() => this.store.delete(key));
    if (removed) this.owed.delete(key);
    else this.settling ??= setTimeout(() => void this.settle(), REST_MS).unref();
    return removed;
  }

  private async settle(): Promise<void> {
    this.settling = undefined;
    for (const [key, until] of this.owed) {
      if (Date.now() >= until) this.owed.delete(key);
      else if (!(await this.remove(key, until))) return;
    }
  }

  /** A Keyv resolves all the same when it fails; what it tells meanwhile may be of another call, and counts. */
  private async attempt(work: () => Promise<unknown>): Promise<boolean> {
    if (this.isFull) return false;
    const before = this.failures;
    try {
      await this.call(work);
    } catch (error) {
      this.failed(error);
    }
    return this.failures === before;
  }

  /** Waits for so long and no longer. A call without an answer keeps its place: a store that hangs must not collect more and more. */
  private call<T>(work: () => Promise<T>): Promise<T> {
    this.underWay += 1;
    const answer = Promise.resolve().then(work);
    const done = () => void (this.underWay -= 1);
    answer.then(done, done);
    return withPatience(answer);
  }

  private failed(error: unknown): void {
    const now = Date.now();
    if (now >= this.quietUntil) {
      this.quietUntil = now + QUIET_MS;
      const reason = error instanceof Error ? error.message : String(error);
      this.logger.warn(
        `The shared token store does not answer (${reason}): each instance relies on its own cache meanwhile.`,
      );
    }
    this.restsUntil = now + REST_MS;
    this.failures += 1;
  }
}

/** SHA-256 in hex: the same in every instance, and nothing the text could be found by. */
export function fingerprint(text: string): string {
  return hash('sha256', text);
}

function withPatience<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

interface Emitter {
  on(event: 'error', listener: (error: unknown) => void): unknown;
  off(event: 'error', listener: (error: unknown) => void): unknown;
}

function isEmitter(store: object): store is Emitter {
  return 'on' in store && typeof store.on === 'function' && 'off' in store && typeof store.off === 'function';
}
