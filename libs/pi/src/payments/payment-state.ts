/**
 * Where a U2A payment stands in the journal.
 *
 * - `seen`: Pi knows it as ours, nothing has been decided.
 * - `approving`: the approve handler agreed; Pi is being told, or was when the process died.
 * - `approved`: Pi was told; the Pioneer may sign.
 * - `completing`: the transaction was verified on the chain and bound; Pi is being told.
 * - `completed`: Pi answered 2xx to `/complete`; the delivery is still to come.
 * - `delivered`: the `completed` handler's rows are committed.
 * - `cancelled`: Pi shows it cancelled and no money has moved.
 * - `refused`: the approve handler refused, or the amount was another. Final.
 * - `needs_review`: money and journal disagree; a person decides. Never delivered by itself, never dropped.
 */
export const PAYMENT_STATES = [
  'seen',
  'approving',
  'approved',
  'completing',
  'completed',
  'delivered',
  'cancelled',
  'refused',
  'needs_review',
] as const;

export type PiPaymentState = (typeof PAYMENT_STATES)[number];

/** What happens to a payment. Every change of state is one of these, compared and set on the state it starts from. */
export type PaymentStep =
  | 'begin_approval'
  | 'note_approved'
  | 'refuse'
  | 'begin_completion'
  | 'note_completed'
  | 'deliver'
  | 'note_cancelled'
  | 'review'
  | 'overrule'
  | 'dismiss';

/** Whose step is due: a handler of the app's, which may hang; or the library's, which asks Pi and the chain. */
export type PaymentWork = 'handlers' | 'library';

export interface PaymentTransition {
  readonly from: readonly PiPaymentState[];
  readonly to: PiPaymentState;
}

/**
 * The whole machine. A step that finds the payment in no state of `from` changes nothing: somebody was faster, and the
 * caller looks again.
 *
 * - `approving` and `completing` lead to themselves: a call of Pi whose answer was lost is made again.
 * - A refusal is possible from `seen` alone: from `approving` on, Pi may know our yes.
 */
export const PAYMENT_TRANSITIONS = {
  begin_approval: { from: ['seen', 'approving'], to: 'approving' },
  note_approved: { from: ['approving'], to: 'approved' },
  refuse: { from: ['seen'], to: 'refused' },
  begin_completion: { from: ['approving', 'approved', 'completing'], to: 'completing' },
  note_completed: { from: ['completing'], to: 'completed' },
  deliver: { from: ['completed'], to: 'delivered' },
  note_cancelled: { from: ['seen', 'approving', 'approved'], to: 'cancelled' },
  review: { from: ['seen', 'approving', 'approved', 'completing', 'cancelled', 'refused'], to: 'needs_review' },
  overrule: { from: ['needs_review'], to: 'completed' },
  dismiss: { from: ['needs_review'], to: 'refused' },
} as const satisfies Record<PaymentStep, PaymentTransition>;
