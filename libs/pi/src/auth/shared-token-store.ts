import { hash, randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { PiTokenStore } from '../pi.ports.js';
import { fromStored, toStored } from './verified-token.js';
import type { VerifiedToken } from './verified-token.js';

/** What the store holds of a token. It may have lost either (restarted, evicted): that it holds nothing says nothing. */
export interface StoreAnswer {
  /** Of the last `forget`. */
  readonly mark: string | undefined;
  /** Only if it was verified after that `forget`. */
  readonly verified: VerifiedToken | undefined;
}

/** A store slower than this is no help. */
const PATIENCE_MS = 500;
/** After so many failures in a row it is left alone for so long. */
const FAILURES = 3;
const REST_MS = 1_000;
/** Between two warnings. */
const QUIET_MS = 60_000;
/** Calls under way, those it never answered included; half of them for tokens that nobody here knows, which may be invented. */
const CALLS_AT_A_TIME = 2_000;
/** A mark outlives everything that was verified before it, and a store that is down for hours: open sockets hang on it as well. */
const MARK_MS = 86_400_000;
/** Marks still to be written: beyond, the oldest are given up. */
const MARKS_OWED = 10_000;

/**
 * The second level: what one instance has verified, the others need not ask. Its failures are never the caller's.
 *
 * A `forget` leaves a mark under a key of its own. What was verified before it carries another mark, or none, and counts no more:
 * neither clocks nor the order of writes decide, and a value that was lost is taken for no `forget`.
 */
export class SharedTokenStore {
  private readonly logger = new Logger('PiAuth');
  private readonly onStoreError = (error: unknown) => this.failed(error);
  private underWay = 0;
  private failures = 0;
  private failuresInRow = 0;
  private restsUntil = 0;
  private quietUntil = 0;
  /** Marks the store has not taken yet, by the key they belong under, and until when they are of use. */
  private readonly owed = new Map<string, { readonly mark: string; readonly until: number }>();
  private settling: NodeJS.Timeout | undefined;
  private stopping = false;
  private closed = false;

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

  /** @param isKnown whether this instance has verified it before. */
  async read(token: string, isKnown: boolean): Promise<StoreAnswer | 'silent'> {
    const key = this.key(token);
    const owed = this.owed.get(markKey(key));
    if (owed) return { mark: owed.mark, verified: undefined };
    if (this.isResting || this.underWay >= (isKnown ? CALLS_AT_A_TIME : CALLS_AT_A_TIME / 2)) return 'silent';
    const [mark, value] = await Promise.all([
      this.attempt(() => this.store.get(markKey(key))),
      this.attempt(() => this.store.get(key)),
    ]);
    // A mark that could not be read might be there. A value that could not is only one to be verified again.
    if (mark === FAILED) return 'silent';
    const known = asMark(mark);
    const verified = value === FAILED ? undefined : fromStored(value);
    if (value !== FAILED && value !== undefined && value !== null && !verified) {
      this.warn(
        `holds a ${typeof value} that was not written by nestjs-pi, or gives back something else than it was given`,
      );
    }
    return { mark: known, verified: known === undefined || verified?.mark === known ? verified : undefined };
  }

  /** Of many tokens in one call, in their order. */
  async marks(tokens: readonly string[]): Promise<(string | undefined)[] | 'silent'> {
    if (this.isResting) return 'silent';
    const { store } = this;
    const keys = tokens.map((token) => markKey(this.key(token)));
    const found = await this.attempt<unknown>(() =>
      store.getMany ? store.getMany(keys) : Promise.all(keys.map((key) => store.get(key))),
    );
    if (!Array.isArray(found)) return 'silent';
    return keys.map((key, at) => this.owed.get(key)?.mark ?? asMark(found[at]));
  }

  async write(token: string, verified: VerifiedToken): Promise<void> {
    const ttlMs = Math.min(verified.checkedAt + this.keepMs, +verified.pioneer.validUntil) - Date.now();
    if (ttlMs <= 0 || this.isResting) return;
    await this.attempt(() => this.store.set(this.key(token), toStored(verified), ttlMs));
  }

  /** Tried even while the store rests, and again until it is done: what is forgotten must not come back with the store. */
  async forget(token: string): Promise<void> {
    if (this.closed) return;
    const key = this.key(token);
    const mark = randomUUID();
    this.owed.delete(markKey(key));
    this.owed.set(markKey(key), { mark, until: performance.now() + MARK_MS });
    for (const oldest of this.owed.keys()) {
      if (this.owed.size <= MARKS_OWED) break;
      this.owed.delete(oldest);
    }
    await this.settle(markKey(key), mark);
    await this.attempt(() => this.store.delete(key));
  }

  /** Tells what is still to be told. From then on the store is only told of a `forget`, and once. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.settling);
    await this.settleAll();
  }

  /** From then on the store is left alone: a Keyv that is asked after its `disconnect` opens its connection again. */
  close(): void {
    this.closed = true;
    this.owed.clear();
    if (isEmitter(this.store)) this.store.off('error', this.onStoreError);
  }

  private key(token: string): string {
    return this.prefix + fingerprint(token);
  }

  private get isResting(): boolean {
    return this.stopping || performance.now() < this.restsUntil;
  }

  private async settle(key: string, mark: string): Promise<boolean> {
    const answer = await this.attempt(() => this.store.set(key, mark, this.keepMs + MARK_MS));
    if (answer === FAILED) {
      if (!this.stopping) this.settling ??= setTimeout(() => void this.settleAll(), REST_MS).unref();
      return false;
    }
    // Forgotten once more meanwhile: that mark is still to be written.
    if (this.owed.get(key)?.mark === mark) this.owed.delete(key);
    return true;
  }

  private async settleAll(): Promise<void> {
    this.settling = undefined;
    for (const [key, { mark, until }] of this.owed) {
      if (performance.now() >= until) this.owed.delete(key);
      else if (!(await this.settle(key, mark))) return;
    }
  }

  /**
   * Waits for so long and no longer. A call without an answer keeps its place: a store that hangs must not collect more and more. A
   * Keyv resolves all the same when it fails; what it tells meanwhile may be of another call, and counts.
   */
  private async attempt<T>(work: () => Promise<T>): Promise<T | typeof FAILED> {
    if (this.closed || this.underWay >= CALLS_AT_A_TIME) return FAILED;
    // It may still hang: one tries that, and the others go on without it meanwhile.
    if (this.failuresInRow >= FAILURES) this.rest(PATIENCE_MS);
    const before = this.failures;
    this.underWay += 1;
    const call = Promise.resolve().then(work);
    const ended = () => void (this.underWay -= 1);
    call.then(ended, ended);
    try {
      const answer = await withPatience(call);
      if (this.failures !== before) return FAILED;
      this.failuresInRow = 0;
      this.restsUntil = 0;
      return answer;
    } catch (error) {
      this.failed(error);
      return FAILED;
    }
  }

  private failed(error: unknown): void {
    this.warn(`does not answer (${error instanceof Error ? error.message : String(error)})`);
    this.failures += 1;
    this.failuresInRow += 1;
    if (this.failuresInRow >= FAILURES) this.rest(REST_MS);
  }

  private rest(ms: number): void {
    this.restsUntil = performance.now() + ms;
  }

  private warn(what: string): void {
    if (performance.now() < this.quietUntil) return;
    this.quietUntil = performance.now() + QUIET_MS;
    this.logger.warn(`The shared token store ${what}: each instance relies on its own cache meanwhile.`);
  }
}

const FAILED = Symbol('failed');

function asMark(stored: unknown): string | undefined {
  return typeof stored === 'string' ? stored : undefined;
}

function markKey(key: string): string {
  return `${key}:forgotten`;
}

/** SHA-256 in hex: the same in every instance, and nothing the text could be found by. */
export function fingerprint(text: string): string {
  return hash('sha256', text);
}

function withPatience<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const giveUp = () => reject(new Error(`no answer within ${PATIENCE_MS} ms`));
    // An answer may have come while this process was busy: it is read before `setImmediate` has its turn.
    timer = setTimeout(() => setImmediate(giveUp), PATIENCE_MS);
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
