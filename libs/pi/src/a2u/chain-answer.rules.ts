import type { ChainSubmission } from '../chain/chain-transaction.js';

/**
 * What follows from Horizon's answer to a submit. None of it closes a payout: money is only ever read from the history.
 *
 * @see payouts.md, "Answers of the chain"
 */
export type AnswerAction =
  /** Read account and history; the covering rule says what happened to S. */
  | 'look_up'
  /** Nobody knows: the same envelope again, and look up. */
  | 'again'
  /** The same S with a higher fee, up to the cap. */
  | 'raise_fee'
  /** Wait for money in the wallet, and warn. */
  | 'park'
  /** The payment itself is refused, and each attempt burns a fee: warn, and try again ever more seldom. */
  | 'seldom'
  /** The recipient's account does not exist: cancel, once rule 3 allows. */
  | 'want_cancel'
  /** Configuration: no payout of this wallet can succeed. */
  | 'stop_lane';

/** By operation, first match. */
const OPERATIONS: Readonly<Record<string, AnswerAction>> = {
  op_underfunded: 'park',
  op_no_destination: 'want_cancel',
  op_bad_auth: 'stop_lane',
  op_no_source_account: 'stop_lane',
};

const TRANSACTIONS: Readonly<Record<string, AnswerAction>> = {
  tx_bad_seq: 'look_up',
  tx_too_late: 'look_up',
  tx_insufficient_fee: 'raise_fee',
  tx_insufficient_balance: 'park',
  tx_bad_auth: 'stop_lane',
  tx_bad_auth_extra: 'stop_lane',
  tx_malformed: 'stop_lane',
  tx_missing_operation: 'stop_lane',
  tx_no_source_account: 'stop_lane',
  // stellar-core's spelling of the same.
  tx_no_account: 'stop_lane',
};

export function answerMeans(answer: ChainSubmission): AnswerAction {
  switch (answer.kind) {
    case 'applied':
      return 'look_up';
    case 'malformed':
      return 'stop_lane';
    case 'unknown':
      return 'again';
    case 'refused': {
      const { transaction, operations } = answer.codes;
      if (transaction !== 'tx_failed') return TRANSACTIONS[transaction] ?? 'look_up';
      const known = operations.map((code) => OPERATIONS[code]).find((action) => action !== undefined);
      return known ?? (operations.length > 0 ? 'seldom' : 'look_up');
    }
    default:
      return answer satisfies never;
  }
}

/** The transaction is in a ledger, whether or not it paid: its sequence number is used. */
export function isInLedger(answer: ChainSubmission): boolean {
  return answer.kind === 'applied' || (answer.kind === 'refused' && answer.codes.transaction === 'tx_failed');
}

/** For the attempt's record: `applied`, `tx_failed: op_underfunded`, `unknown: timeout`. */
export function outcomeOf(answer: ChainSubmission): string {
  switch (answer.kind) {
    case 'applied':
      return answer.successful ? 'applied' : 'applied: failed';
    case 'malformed':
      return 'malformed';
    case 'unknown':
      return `unknown: ${answer.status ?? answer.reason}`;
    case 'refused':
      return [answer.codes.transaction, answer.codes.operations.join(' ')].filter(Boolean).join(': ');
    default:
      return answer satisfies never;
  }
}
