import type { PiCallOptions } from '../http/call-options.js';
import type { PiPlatformClient } from '../platform/platform.client.js';
import type { PiView } from './payout.evidence.js';
import { ownerIn, toPiView } from './payout-metadata.js';

/** A payment at Pi looked at no longer ago than this is fresh: two ledgers of the chain. In milliseconds. */
const FRESH_MS = 10_000;

interface Seen<T> {
  readonly value: T;
  readonly at: number;
}

interface LookAhead {
  readonly identifier: string;
  readonly at: number;
  view?: PiView;
}

/** The payments of the app that Pi has not completed or cancelled. */
export interface Listing {
  readonly views: readonly PiView[];
  /** Payments that could not be read: whose they say they are, and what is wrong with them. */
  readonly unread: readonly (Pick<PiView, 'key' | 'instance'> & { readonly problem: string })[];
}

/** What Pi says of our payments, asked no more often than needed. What it keeps is of this tenure only. */
export class PiDesk {
  #next: LookAhead | undefined;
  #listing: Seen<Listing> | undefined;

  constructor(
    private readonly platform: PiPlatformClient,
    private readonly call: PiCallOptions,
  ) {}

  /** Asked again when the answer at hand is old. One payment that cannot be read hides none of the others. */
  async incomplete(options: { fresh: boolean }): Promise<Listing & { fresh: boolean }> {
    if (!options.fresh && this.#listing && isFresh(this.#listing)) return { ...this.#listing.value, fresh: false };
    const at = performance.now();
    const unread: Listing['unread'][number][] = [];
    const onUnreadable = (payment: unknown, problem: string) => unread.push({ ...ownerIn(payment), problem });
    const listed = await this.platform.incompleteServerPayments({ ...this.call, onUnreadable });
    const value = { views: listed.map(toPiView), unread };
    this.#listing = { value, at };
    return { ...value, fresh: true };
  }

  /** An answer to a creation was lost: what was listed before says nothing any more. */
  forgetListing(): void {
    this.#listing = undefined;
  }

  async view(identifier: string): Promise<PiView> {
    return toPiView(await this.platform.getPayment(identifier, this.call));
  }

  /** Asks for the payment whose turn is next, while another one waits for its ledger. Of one at a time. */
  async lookAhead(identifier: string): Promise<void> {
    const next: LookAhead = { identifier, at: performance.now() };
    this.#next = next;
    next.view = await this.view(identifier);
  }

  /** What the look ahead has found. Good for one use; an answer that comes after it was wanted is dropped. */
  take(identifier: string): PiView | undefined {
    const next = this.#next;
    if (next?.identifier !== identifier) return undefined;
    this.#next = undefined;
    return isFresh(next) ? next.view : undefined;
  }
}

function isFresh({ at }: { readonly at: number }): boolean {
  return performance.now() - at <= FRESH_MS;
}
