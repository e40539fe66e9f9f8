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

interface Entry extends VerifiedToken {
  /** Until then it is used without asking anybody. */
  trustedUntil: number;
  /** Whether the shared store is known to have had it. */
  stored: boolean;
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
    return entry !== undefined && Date.now() < entry.trustedUntil ? entry.pioneer : undefined;
  }

  /** Checked within `cacheMs`, though the shared store should have been asked again. */
  fresh(key: string): Pioneer | undefined {
    return this.within(key, this.options.cacheMs);
  }

  /** Checked within `staleIfErrorMs`: for when Pi cannot be asked. */
  stale(key: string): Pioneer | undefined {
    return this.within(key, this.options.staleIfErrorMs);
  }

  remember(key: string, { pioneer, ...verified }: VerifiedToken, stored = false): void {
    this.refused.delete(key);
    const now = Date.now();
    // The clock of the instance that checked it may be ahead of ours.
    const checkedAt = Math.min(verified.checkedAt, now);
    const until = Math.min(now + this.options.trustMs, checkedAt + this.options.cacheMs, +pioneer.validUntil);
    this.verified.set(key, { pioneer, checkedAt, trustedUntil: until, stored });
  }

  markStored(key: string, pioneer: Pioneer): void {
    const entry = this.verified.peek(key);
    if (entry?.pioneer === pioneer) entry.stored = true;
  }

  wasStored(key: string): boolean {
    return this.verified.peek(key)?.stored === true;
  }

  /** @returns whether it had been accepted before. */
  refuse(key: string, reason: PiTokenRefusal): boolean {
    this.refused.set(key, { reason, until: Date.now() + this.options.negativeCacheMs });
    return this.verified.delete(key);
  }

  refusal(key: string): PiTokenRefusal | undefined {
    const refusal = this.refused.get(key);
    return refusal !== undefined && Date.now() < refusal.until ? refusal.reason : undefined;
  }

  forget(key: string): void {
    this.verified.delete(key);
    this.refused.delete(key);
  }

  /** Trusts the entry for another second: whoever could not be asked is not asked again by every request meanwhile. */
  private within(key: string, ms: number): Pioneer | undefined {
    const entry = this.verified.get(key);
    const now = Date.now();
    if (entry === undefined || now >= entry.checkedAt + ms || now >= +entry.pioneer.validUntil) return undefined;
    entry.trustedUntil = Math.min(now + 1_000, entry.checkedAt + ms, +entry.pioneer.validUntil);
    return entry.pioneer;
  }
}
