import type { PiLedger } from '../ledger/pi-ledger.js';
import type { PiPaymentState } from './payment-state.js';

/** How the payments of one Pi app are doing, for health checks and metrics; the same on every instance. */
export interface PaymentReport {
  /** Payments with a next step to come, and those that wait for a person, by state. */
  readonly states: Readonly<Partial<Record<PiPaymentState, number>>>;
  /** Payments with a next step to come. */
  readonly open: number;
  /** Payments that wait for a person. */
  readonly needsReview: number;
}

/** Two looks into indexes that hold no settled payment, or count those in review alone: however many are delivered. */
export async function reportPayments(ledger: PiLedger<unknown>, app: string): Promise<PaymentReport> {
  const { rows } = await ledger.read(({ query }) =>
    query<{ state: PiPaymentState; payments: string }>(
      `select state, count(*)::text as payments from pi.payments
       where app = $1 and due_at is not null and state <> 'needs_review' group by state
       union all
       select 'needs_review', count(*)::text from pi.payments where app = $1 and state = 'needs_review'`,
      [app],
    ),
  );
  const states: Partial<Record<PiPaymentState, number>> = {};
  for (const { state, payments } of rows) states[state] = Number(payments);
  const { needs_review: needsReview = 0, ...due } = states;
  return { states, open: Object.values(due).reduce((sum, count) => sum + count, 0), needsReview };
}
