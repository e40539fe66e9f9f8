import type { Accounts } from './accounts.js';
import type { AppliedTransaction } from './chain.types.js';
import type { LedgersState } from './ledgers.js';

/** The whole chain as JSON: every bigint is a decimal string. Written by {@link Chain.exportState}. */
export interface ChainState {
  readonly version: 1;
  readonly network: string;
  readonly ledgers: LedgersState;
  readonly elderLedger: number;
  /** How far the chain's clock is ahead of the machine's, in ms. */
  readonly clockOffsetMs: number;
  readonly accounts: unknown;
  readonly transactions: unknown;
  readonly queue: { readonly pending: { xdr: string; age: number }[]; readonly bans: [string, number][] };
  /** Transactions an adversary holds back, with the ledger they enter at. */
  readonly held: readonly { readonly xdr: string; readonly ledger: number }[];
}

const BIGINT_FIELDS = new Set([
  'balance',
  'sequence',
  'feeCharged',
  'maxFee',
  'innerMaxFee',
  'minTime',
  'maxTime',
  'stroops',
  'bumpTo',
]);

/** A deep copy with bigints as decimal strings. */
export function toJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, field: unknown) => (typeof field === 'bigint' ? `${field}` : field)));
}

const written = new WeakMap<AppliedTransaction, unknown>();

/** Applied transactions never change: each is turned into JSON once, however often the state is exported. */
export function transactionsToJson(transactions: readonly AppliedTransaction[]): unknown[] {
  return transactions.map((transaction) => {
    const known = written.get(transaction) ?? toJson(transaction);
    written.set(transaction, known);
    return known;
  });
}

function fromJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, field: unknown) =>
    BIGINT_FIELDS.has(key) && typeof field === 'string' ? BigInt(field) : field,
  );
}

export function accountsFromJson(value: unknown): Parameters<Accounts['import']>[0] {
  return fromJson(value) as Parameters<Accounts['import']>[0];
}

export function transactionsFromJson(value: unknown): AppliedTransaction[] {
  return fromJson(value) as AppliedTransaction[];
}
