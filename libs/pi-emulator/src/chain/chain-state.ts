import type { Accounts } from './accounts.js';
import type { Chain } from './chain.js';
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

export function exportChain({ network, ledgers, clock, accounts, history, mempool }: Chain): ChainState {
  return {
    version: 1,
    network,
    ledgers: ledgers.export(),
    elderLedger: ledgers.elder,
    clockOffsetMs: clock.offsetMs,
    accounts: toJson(accounts.export()),
    transactions: transactionsToJson(history.transactions),
    ...mempool.export(),
  };
}

/** @throws Error when the state is of another network */
export function importChain(chain: Chain, state: ChainState): void {
  const { network, ledgers, clock, accounts, history, mempool } = chain;
  if (state.network !== network)
    throw new Error(`pi-emulator: this state is of ${state.network}, the chain is ${network}`);
  ledgers.import(state.ledgers, state.elderLedger);
  clock.offsetMs = state.clockOffsetMs;
  accounts.import(accountsFromJson(state.accounts));
  history.clear();
  for (const transaction of transactionsFromJson(state.transactions)) history.add(transaction);
  mempool.import(state);
}

/** A deep copy with bigints as decimal strings. */
export function toJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, field: unknown) => (typeof field === 'bigint' ? `${field}` : field)));
}

const written = new WeakMap<AppliedTransaction, unknown>();

/** Applied transactions never change: each is turned into JSON once, however often the state is exported. */
function transactionsToJson(transactions: readonly AppliedTransaction[]): unknown[] {
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

function accountsFromJson(value: unknown): Parameters<Accounts['import']>[0] {
  return fromJson(value) as Parameters<Accounts['import']>[0];
}

function transactionsFromJson(value: unknown): AppliedTransaction[] {
  return fromJson(value) as AppliedTransaction[];
}
