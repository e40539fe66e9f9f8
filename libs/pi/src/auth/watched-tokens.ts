import { Logger } from '@nestjs/common';
import type { ForgetListener } from './pi-auth.service.js';
import type { SharedTokenStore } from './shared-token-store.js';
import type { TokenCache } from './token-cache.js';

/** Between two looks for a `forget` on another instance. */
const LOOK_MS = 800;
/** Asked for in one call of the store. */
const TOKENS_AT_A_TIME = 500;

interface Watched {
  readonly token: string;
  readonly listeners: Set<ForgetListener>;
  /** The `forget` it was last verified after, if any. Kept here as well: the cache may have no room for it as long as it is watched. */
  verifiedAfter: { readonly mark: string | undefined } | undefined;
}

/** Tokens that something open hangs on: who is told of their `forget`, here or on another instance with the same store. */
export class WatchedTokens {
  private readonly logger = new Logger('PiAuth');
  /** By the key of the first level. */
  private readonly watched = new Map<string, Watched>();
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly cache: TokenCache,
    private readonly store: SharedTokenStore | undefined,
  ) {}

  add(key: string, token: string, listener: ForgetListener): () => void {
    const verifiedAfter = this.cache.isKnown(key) ? { mark: this.cache.markOf(key) } : undefined;
    const entry = this.watched.get(key) ?? { token, listeners: new Set(), verifiedAfter };
    this.watched.set(key, entry);
    entry.listeners.add(listener);
    this.arm();
    return () => {
      entry.listeners.delete(listener);
      if (entry.listeners.size === 0 && this.watched.get(key) === entry) this.watched.delete(key);
    };
  }

  /** Whoever watches it since before a `forget` that this one came after is told of that. A mark that is not there says nothing. */
  verified(key: string, mark: string | undefined): void {
    const entry = this.watched.get(key);
    if (!entry) return;
    if (isOutdated(entry, mark)) this.forget(key, 'elsewhere');
    if (mark !== undefined || !entry.verifiedAfter) entry.verifiedAfter = { mark };
  }

  /** And tells everybody who watches it. */
  forget(key: string, forgotten: 'here' | 'elsewhere'): void {
    this.cache.forget(key);
    const entry = this.watched.get(key);
    if (entry) entry.verifiedAfter = undefined;
    for (const listener of entry?.listeners ?? []) {
      try {
        listener(forgotten);
      } catch (error) {
        this.logger.error(error);
      }
    }
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private arm(): void {
    if (!this.store || this.closed || this.watched.size === 0) return;
    this.timer ??= setTimeout(() => void this.look(), LOOK_MS).unref();
  }

  private async look(): Promise<void> {
    const all = [...this.watched];
    for (let at = 0; at < all.length && !this.closed; at += TOKENS_AT_A_TIME) {
      await this.lookAt(all.slice(at, at + TOKENS_AT_A_TIME));
    }
    this.timer = undefined;
    this.arm();
  }

  private async lookAt(some: [key: string, watched: Watched][]): Promise<void> {
    const before = some.map(([, { verifiedAfter }]) => verifiedAfter);
    const marks = await this.store?.marks(some.map(([, { token }]) => token));
    if (marks === undefined || marks === 'silent') return;
    some.forEach(([key, entry], at) => {
      // Verified anew while the store was asked: the answer may be older than that.
      if (entry.verifiedAfter === before[at] && isOutdated(entry, marks[at])) this.forget(key, 'elsewhere');
    });
  }
}

function isOutdated({ verifiedAfter }: Watched, mark: string | undefined): boolean {
  return mark !== undefined && verifiedAfter !== undefined && verifiedAfter.mark !== mark;
}
