import type { AppliedOperation, AppliedTransaction } from '../chain/chain.types.js';
import { amountOf } from '../chain/envelope.js';
import { isoTime } from './iso-time.js';
import { tokenOf, type Paged } from './page.js';

/** An operation with the transaction it lies in. */
export interface PlacedOperation {
  readonly operation: AppliedOperation;
  readonly transaction: AppliedTransaction;
  /** From 1. */
  readonly index: number;
}

export function operationsOf(transaction: AppliedTransaction): PlacedOperation[] {
  return transaction.operations.map((operation, position) => ({ operation, transaction, index: position + 1 }));
}

/** Whether it belongs in `/payments`: Horizon counts the creation of an account as one. */
export function movesPi({ operation }: PlacedOperation): boolean {
  return operation.type === 'payment' || operation.type === 'create_account';
}

export function operationToken({ transaction, index }: PlacedOperation): bigint {
  return tokenOf(transaction.ledger, transaction.order, index);
}

export function operationRecord(placed: PlacedOperation, origin: string): Paged & Record<string, unknown> {
  const { operation, transaction } = placed;
  const token = operationToken(placed).toString();
  const self = `${origin}/operations/${token}`;
  return {
    _links: {
      self: { href: self },
      transaction: { href: `${origin}/transactions/${transaction.hash}` },
      effects: { href: `${self}/effects` },
      succeeds: { href: `${origin}/effects?order=desc&cursor=${token}` },
      precedes: { href: `${origin}/effects?order=asc&cursor=${token}` },
    },
    id: token,
    paging_token: token,
    transaction_successful: transaction.successful,
    source_account: operation.source,
    created_at: isoTime(transaction.closedAt),
    transaction_hash: transaction.hash,
    ...body(operation),
  };
}

function body(operation: AppliedOperation): Record<string, unknown> {
  switch (operation.type) {
    case 'payment':
      return {
        type: 'payment',
        type_i: 1,
        asset_type: 'native',
        from: operation.source,
        to: operation.destination,
        amount: amountOf(operation.stroops),
      };
    case 'create_account':
      return {
        type: 'create_account',
        type_i: 0,
        starting_balance: amountOf(operation.stroops),
        funder: operation.source,
        account: operation.destination,
      };
    case 'bump_sequence':
      return { type: 'bump_sequence', type_i: 11, bump_to: operation.bumpTo.toString() };
    case 'other': // only a payment in another asset ever gets into a ledger here
      return { type: operation.name, type_i: 1 };
  }
}
