import type { PiCallOptions } from '../http/call-options.js';
import type { PiPlatformClient } from '../platform/platform.client.js';
import type { PiView } from './payout.evidence.js';
import { toPiView } from './payout-metadata.js';

/** A payment at Pi looked at no longer ago than this is fresh: two ledgers of the chain. In milliseconds. */
const FRESH_MS = 10_000;

interface Seen<T> {
  readonly value: T;
  readonly at: number;
}

/** What Pi says of our payments, asked no more often than needed. Views are of this tenure only. */
export class PiDesk {
  readonly #views = new Map<string, Seen<PiView>>();
  #listing: Seen<readonly PiView[]> | undefined;

  constructor(
    private readonly platform: PiPlatformClient,
    private readonly call: PiCallOptions,
  ) {}

  /** Every payment of the app that Pi has not completed or cancelled; asked again when the answer at hand is old. */
  async incomplete(options: { fresh: boolean }): Promise<{ views: readonly PiView[]; fresh: boolean }> {
    if (!options.fresh && this.#listing && isFresh(this.#listing)) return { views: this.#listing.value, fresh: false };
    const at = performance.now();
    const views = (await this.platform.incompleteServerPayments(this.call)).map(toPiView);
    this.#listing = { value: views, at };
    return { views, fresh: true };
  }

  /** An answer to a creation was lost: what was listed before says nothing any more. */
  forgetListing(): void {
    this.#listing = undefined;
  }

  async view(identifier: string): Promise<PiView> {
    const at = performance.now();
    const value = toPiView(await this.platform.getPayment(identifier, this.call));
    for (const [old, seen] of this.#views) if (!isFresh(seen)) this.#views.delete(old);
    this.#views.set(identifier, { value, at });
    return value;
  }

  /** How many views are kept for later. */
  get remembered(): number {
    return this.#views.size;
  }

  /** Asked for while another payout waited for its ledger. Good for one use. */
  take(identifier: string): PiView | undefined {
    const seen = this.#views.get(identifier);
    this.#views.delete(identifier);
    return seen && isFresh(seen) ? seen.value : undefined;
  }
}

function isFresh({ at }: Seen<unknown>): boolean {
  return performance.now() - at <= FRESH_MS;
}
