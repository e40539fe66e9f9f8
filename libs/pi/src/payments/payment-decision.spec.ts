import { PiAmount } from '../chain/pi-amount.js';
import type { PaymentDto } from '../platform/payment.dto.js';
import { decide } from './payment-decision.js';
import type { PaymentRow } from './payment-row.js';
import { PAYMENT_STATES, PAYMENT_TRANSITIONS, type PiPaymentState } from './payment-state.js';

const TXID = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);

interface Shown {
  approved?: boolean;
  completed?: boolean;
  cancelled?: boolean;
  userCancelled?: boolean;
  txid?: string;
  amount?: string;
  uid?: string;
  to?: string;
  network?: string;
}

function dto(shown: Shown): PaymentDto {
  return {
    identifier: 'eWXszS7lkfsRLHcrDRghLpDD5tHc',
    user_uid: shown.uid ?? 'the-pioneer',
    amount: PiAmount.of(shown.amount ?? '1.5'),
    memo: 'A mug',
    metadata: {},
    from_address: 'GPIONEER',
    to_address: shown.to ?? 'GAPP',
    direction: 'user_to_app',
    created_at: new Date(0),
    network: shown.network ?? 'Pi Testnet',
    status: {
      developer_approved: shown.approved ?? false,
      transaction_verified: false,
      developer_completed: shown.completed ?? false,
      cancelled: shown.cancelled ?? false,
      user_cancelled: shown.userCancelled ?? false,
    },
    transaction: shown.txid === undefined ? null : { txid: shown.txid, verified: true },
  };
}

function row(state: PiPaymentState, more: Partial<PaymentRow> = {}): PaymentRow {
  return {
    id: 'eWXszS7lkfsRLHcrDRghLpDD5tHc',
    uid: 'the-pioneer',
    amount: PiAmount.of('1.5'),
    memo: 'A mug',
    metadata: {},
    network: 'testnet',
    fromAddress: 'GPIONEER',
    toAddress: 'GAPP',
    createdAt: new Date(0),
    state,
    attempts: 0,
    isLookDue: false,
    ...(['completing', 'completed', 'delivered'].includes(state) && { txid: TXID }),
    ...more,
  };
}

describe('What follows from an answer of Pi', () => {
  const cases: [PiPaymentState, string, Shown, string][] = [
    ['seen', 'nothing', {}, 'wait'],
    ['seen', 'an approval that is not ours', { approved: true }, 'wait'],
    ['seen', 'a transaction', { approved: true, txid: TXID }, 'review'],
    ['seen', 'a completion', { approved: true, completed: true }, 'review'],
    ['seen', 'a cancellation', { cancelled: true }, 'note_cancelled'],
    ['approving', 'nothing', {}, 'wait'],
    ['approving', 'our approval, whose answer was lost', { approved: true }, 'note_approved'],
    ['approving', 'a transaction', { approved: true, txid: TXID }, 'complete'],
    ['approving', 'a cancellation by the Pioneer', { userCancelled: true }, 'note_cancelled'],
    ['approved', 'nothing new', { approved: true }, 'wait'],
    ['approved', 'a transaction', { approved: true, txid: TXID }, 'complete'],
    ['approved', 'a completion by somebody else', { approved: true, completed: true, txid: TXID }, 'complete'],
    ['approved', 'a completion without a transaction', { approved: true, completed: true }, 'review'],
    ['approved', 'a cancellation', { approved: true, cancelled: true }, 'note_cancelled'],
    ['approved', 'a cancelled payment that was paid', { cancelled: true, txid: TXID }, 'review'],
    ['approved', 'another amount, paid', { txid: TXID, amount: '1.5000001' }, 'review'],
    ['approved', 'another owner, paid', { txid: TXID, uid: 'somebody' }, 'review'],
    ['approved', 'another address, paid', { txid: TXID, to: 'GOTHER' }, 'review'],
    ['approved', 'another network, paid', { txid: TXID, network: 'Pi Network' }, 'review'],
    ['completing', 'nothing new', { approved: true }, 'complete'],
    ['completing', 'our transaction', { approved: true, txid: TXID }, 'complete'],
    ['completing', 'our completion, whose answer was lost', { completed: true, txid: TXID }, 'note_completed'],
    ['completing', 'another transaction', { txid: OTHER }, 'review'],
    ['completing', 'a completion by another transaction', { completed: true, txid: OTHER }, 'review'],
    ['completing', 'a cancellation', { cancelled: true }, 'review'],
    ['completed', 'whatever', { completed: true, txid: TXID }, 'deliver'],
    ['delivered', 'whatever', { completed: true, txid: TXID }, 'wait'],
    ['cancelled', 'the cancellation', { cancelled: true }, 'wait'],
    ['cancelled', 'a transaction', { cancelled: true, txid: TXID }, 'review'],
    ['refused', 'nothing', {}, 'wait'],
    ['refused', 'a transaction', { approved: true, txid: TXID }, 'review'],
    ['refused', 'a completion', { approved: true, completed: true }, 'review'],
    ['needs_review', 'a completion', { completed: true, txid: TXID }, 'wait'],
  ];

  it.each(cases)('of a payment that is %s here, showing %s', (state, _what, shown, next) => {
    expect(decide(row(state), dto(shown))).toMatchObject({ next });
  });

  it('names what a person has to know', () => {
    expect(decide(row('approved'), dto({ txid: TXID, amount: '2' }))).toEqual({
      next: 'review',
      reason: `it was paid by transaction ${TXID}, but its amount is 2 Pi, not 1.5 Pi as approved`,
    });
  });

  it('is final for a payment a person has dismissed', () => {
    expect(decide(row('refused', { resolution: 'dismiss' }), dto({ txid: TXID }))).toEqual({ next: 'wait' });
  });
});

describe('The state machine', () => {
  const steps = Object.values(PAYMENT_TRANSITIONS).flatMap(({ from, to }) =>
    from.map((state) => ({ from: state, to })),
  );

  it('leads out of every state that is not final', () => {
    const left = new Set<PiPaymentState>(steps.filter(({ from, to }) => from !== to).map(({ from }) => from));
    expect(PAYMENT_STATES.filter((state) => !left.has(state))).toEqual(['delivered']);
  });

  it('reaches "delivered" only through "completed", and that only when Pi or a person said so', () => {
    expect(steps.filter(({ to }) => to === 'delivered')).toEqual([{ from: 'completed', to: 'delivered' }]);
    expect(steps.filter(({ to }) => to === 'completed').map(({ from }) => from)).toEqual([
      'completing',
      'needs_review',
    ]);
  });

  it('cannot refuse or cancel what Pi may already complete', () => {
    const giveUp = steps.filter(({ to }) => to === 'refused' || to === 'cancelled').map(({ from }) => from);
    expect(giveUp).not.toEqual(expect.arrayContaining(['completing']));
    expect(giveUp).not.toEqual(expect.arrayContaining(['completed']));
  });
});
