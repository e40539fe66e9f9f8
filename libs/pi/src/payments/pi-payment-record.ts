import type { PiPayment } from '../platform/pi-payment.js';
import type { PiPaymentState } from './payment-state.js';

/** A payment and how far it has come: by the journal, or by what Pi shows where there is no ledger. */
export interface PiPaymentRecord extends PiPayment {
  readonly state: PiPaymentState;
  /** Set once the transaction was verified on the chain. */
  readonly txid?: string;
  /** Set while the next step fails: a handler throws, or Pi does not complete it. It is tried again by itself. */
  readonly trouble?: PiPaymentTrouble;
  /** Why it was refused. */
  readonly refusal?: string;
  /** Why a person has to look, and what was decided. */
  readonly review?: PiPaymentReview;
  /** What the Pioneer's client last reported of its own accord. A claim of the client, at most 500 characters. */
  readonly clientError?: string;
}

export interface PiPaymentTrouble {
  /** Failed tries so far. */
  readonly attempts: number;
  /** Name and message of the last error. */
  readonly error: string;
  /** When it is tried next. Undefined: being tried now, or given to a person. */
  readonly nextAt?: Date;
}

export interface PiPaymentReview {
  readonly reason: string;
  readonly resolution?: { readonly action: PiPaymentResolution['action']; readonly by: string; readonly at: Date };
}

/** A person's decision on a payment in `needs_review`; who decided is kept. */
export type PiPaymentResolution =
  /** Deliver it. Refused unless the chain holds the transaction and it pays this payment in full. */
  | { readonly action: 'deliver'; readonly txid?: string; readonly by: string }
  /** Do not deliver, ever: the Pioneer was paid back, or nothing was paid. */
  | { readonly action: 'dismiss'; readonly by: string };

export interface PiPaymentFilter {
  readonly state?: PiPaymentState | readonly PiPaymentState[];
  readonly uid?: string;
  /** Only those whose next step keeps failing. */
  readonly troubled?: boolean;
  /** `next` of the page before. */
  readonly after?: string;
  /** 1 to 500. Default: 50. */
  readonly limit?: number;
}

/** Newest first. */
export interface PiPaymentPage {
  readonly items: readonly PiPaymentRecord[];
  /** Hand it to `after` for the next page; undefined on the last. */
  readonly next?: string;
}
