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
/** Reads under way; beyond, the store counts as silent. */
const READS_AT_A_TIME = 1_000;

/** The second level: what one instance has verified, the others need not ask. Its failures are never the caller's. */
export class SharedTokenStore {
  private readonly logger = new Logger('PiAuth');
  private readonly onStoreError = (error: unknown) => this.failed(error);
  private reading = 0;
  private restsUntil = 0;
  private failures = 0;
  /** Whether it took the last one. That a store which takes none (it is full, or a replica) knows nothing of a token says nothing. */
  private takesValues = true;
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
    if (this.resting || this.reading >= READS_AT_A_TIME) return 'silent';
    const key = this.key(token);
    if (this.owed.has(key)) return 'unknown';
    this.reading += 1;
    try {
      const value = await withPatience(this.store.get(key));
      if (this.resting) return 'silent';
      return fromStored(value) ?? (this.takesValues ? 'unknown' : 'silent');
    } catch (error) {
      this.failed(error);
      return 'silent';
    } finally {
      this.reading -= 1;
    }
  }

  async write(token: string, verified: VerifiedToken): Promise<void> {
    const ttlMs = Math.min(verified.checkedAt + this.keepMs, +verified.pioneer.validUntil) - Date.now();
    if (ttlMs <= 0 || this.resting) return;
    const key = this.key(token);
    this.takesValues = await this.attempt(() => this.store.set(key, toStored(verified), ttlMs));
    // Verified after it was forgotten, so it may lie there again.
    if (this.takesValues) this.owed.delete(key);
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
    const before = this.failures;
    try {
      await withPatience(work());
    } catch (error) {
      this.failed(error);
    }
    return this.failures === before;
  }

  private failed(error: unknown): void {
    if (!this.resting) {
      const reason = error instanceof Error ? error.message : String(error);
      this.logger.warn(
        `The shared token store does not answer (${reason}): each instance relies on its own cache meanwhile.`,
      );
    }
    this.restsUntil = Date.now() + REST_MS;
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
