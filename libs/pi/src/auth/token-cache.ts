import { LRUCache } from 'lru-cache';
import type { PiTokenRefusal } from '../errors/pi-token-refused-error.js';
import type { Pioneer } from './pioneer.js';
import type { VerifiedToken } from './verified-token.js';

export interface TokenCacheOptions {
  readonly cacheMs: number;
  readonly negativeCacheMs: number;
  readonly cacheSize: number;
  readonly staleIfErrorMs: number;
  /** How long a verified token is trusted before the shared store is asked again. Without a store: `cacheMs`. */
  readonly trustMs: number;
}

/** Times are of `performance.now()`, which no change of the clock moves; only `validUntil` is by the clock, as Pi states it. */
interface Entry {
  readonly pioneer: Pioneer;
  readonly mark: string | undefined;
  readonly checkedAt: number;
  readonly validUntil: number;
  /** Until then it is used without asking anybody. */
  trustedUntil: number;
}

/**
 * The first level: verified tokens by the hash of the token, bounded. Refusals have a table of their own, so that a flood of
 * invented tokens pushes no good one out.
 */
export class TokenCache {
  private readonly verified: LRUCache<string, Entry>;
  private readonly refused: LRUCache<string, { readonly reason: PiTokenRefusal; readonly until: number }>;

  constructor(private readonly options: TokenCacheOptions) {
    this.verified = new LRUCache({ max: options.cacheSize });
    this.refused = new LRUCache({ max: options.cacheSize });
  }

  /** The answer that needs nobody: on the path of every request. */
  trusted(key: string): Pioneer | undefined {
    const entry = this.verified.get(key);
    if (entry === undefined || performance.now() >= entry.trustedUntil || Date.now() >= entry.validUntil)
      return undefined;
    return entry.pioneer;
  }

  /** Checked within `cacheMs`, though the shared store should have been asked again. */
  fresh(key: string): Pioneer | undefined {
    return this.within(key, this.options.cacheMs);
  }

  /** Checked within `staleIfErrorMs`: for when Pi cannot be asked. */
  stale(key: string): Pioneer | undefined {
    return this.within(key, this.options.staleIfErrorMs);
  }

  /** Whether Pi accepted it at some time: no stranger's invention. */
  isKnown(key: string): boolean {
    return this.verified.peek(key) !== undefined;
  }

  /** The `forget` it was accepted after, if there was one. */
  markOf(key: string): string | undefined {
    return this.verified.peek(key)?.mark;
  }

  /** Whether it was accepted before this `forget`, or none that is known. */
  isOutdatedBy(mark: string, key: string): boolean {
    const entry = this.verified.peek(key);
    return entry !== undefined && entry.mark !== mark;
  }

  remember(key: string, { pioneer, checkedAt, mark }: VerifiedToken): void {
    this.refused.delete(key);
    const now = performance.now();
    // The clock of the instance that checked it may be ahead of ours.
    const checked = now - Math.max(0, Date.now() - checkedAt);
    this.verified.set(key, {
      pioneer,
      mark,
      checkedAt: checked,
      validUntil: +pioneer.validUntil,
      trustedUntil: Math.min(now + this.options.trustMs, checked + this.options.cacheMs),
    });
  }

  refuse(key: string, reason: PiTokenRefusal): void {
    this.refused.set(key, { reason, until: performance.now() + this.options.negativeCacheMs });
    this.verified.delete(key);
  }

  refusal(key: string): PiTokenRefusal | undefined {
    const refusal = this.refused.get(key);
    return refusal !== undefined && performance.now() < refusal.until ? refusal.reason : undefined;
  }

  /** Whether Pi refused it at some time, and has not accepted it since. */
  wasRefused(key: string): boolean {
    return this.refused.peek(key) !== undefined;
  }

  forget(key: string): void {
    this.verified.delete(key);
    this.refused.delete(key);
  }

  /** Trusts the entry for another second: whoever could not be asked is not asked again by every request meanwhile. */
  private within(key: string, ms: number): Pioneer | undefined {
    const entry = this.verified.get(key);
    const now = performance.now();
    if (entry === undefined || now >= entry.checkedAt + ms || Date.now() >= entry.validUntil) return undefined;
    entry.trustedUntil = Math.min(now + 1_000, entry.checkedAt + ms);
    return entry.pioneer;
  }
}
