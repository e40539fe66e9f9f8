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

interface LookAhead {
  readonly identifier: string;
  readonly at: number;
  view?: PiView;
}

/** What Pi says of our payments, asked no more often than needed. What it keeps is of this tenure only. */
export class PiDesk {
  #next: LookAhead | undefined;
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
