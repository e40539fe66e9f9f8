import { StrKey } from '@stellar/stellar-base';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Chain } from '../chain/chain.js';
import type { ChainView, TransactionQuery } from '../chain/chain-view.js';
import type { AppliedTransaction, LedgerHeader } from '../chain/chain.types.js';
import { accountRecord } from './account-record.js';
import { feeStats } from './fee-stats.js';
import { ledgerRecord } from './ledger-record.js';
import { movesPi, operationRecord, operationsOf, operationToken, type PlacedOperation } from './operation-record.js';
import { hal, originOf, pageOf, readPageQuery, selectPage, tokenOf, type Query } from './page.js';
import { badRequest, beforeHistory, notFound } from './problem.js';
import { rootRecord } from './root.js';
import { transactionRecord } from './transaction-record.js';

type Params = Record<string, string>;

/** What a read answers from: the request, and the replica that serves it. */
interface Read {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly view: ChainView;
  readonly origin: string;
  readonly params: Params;
}

export function readRoutes(fastify: FastifyInstance, chain: Chain): void {
  const get = (url: string, answer: (read: Read) => unknown): void => {
    fastify.get(url, async (request, reply) => {
      const [path = ''] = request.url.split('?');
      const view = chain.adversary.viewFor(path);
      hal(reply);
      return answer({ request, reply, view, origin: originOf(request), params: request.params as Params });
    });
  };

  get('/', ({ view, origin }) => rootRecord(chain, view, origin));
  get('/fee_stats', ({ view }) => feeStats(chain, view));

  get('/accounts/:account', (read) => account(chain, read));
  get('/accounts/:account/data/:key', () => {
    throw notFound();
  });
  listings(get, '/accounts/:account', ({ view, params: { account = '' } }) => {
    existingAccount(view, account);
    return { account };
  });
  listings(get, '/ledgers/:ledger', ({ view, params: { ledger = '' } }) => ({
    ledger: existingLedger(chain, view, ledger).sequence,
  }));
  listings(get, '', () => ({}));

  get('/ledgers', (read) => ledgers(chain, read));
  get('/ledgers/:ledger', ({ view, origin, params: { ledger = '' } }) =>
    ledgerRecord(chain, existingLedger(chain, view, ledger), origin),
  );
  get('/transactions/:hash', (read) =>
    transactionRecord(existingTransaction(chain, read), read.origin, read.params.hash),
  );
  get('/operations/:id', ({ view, origin, params: { id = '' } }) => {
    const ledger = /^\d{1,19}$/.test(id) ? Number(BigInt(id) >> 32n) : -1;
    const found = view
      .transactions({ ledger, includeFailed: true })
      .flatMap(operationsOf)
      .find((placed) => operationToken(placed).toString() === id);
    if (!found) throw notFound();
    return operationRecord(found, origin);
  });
  get('/transactions/:hash/operations', (read) =>
    operationPage(read, [existingTransaction(chain, read)], always, always),
  );
  get('/transactions/:hash/payments', (read) =>
    operationPage(read, [existingTransaction(chain, read)], always, movesPi),
  );

  /** The three listings Horizon has for the whole chain, for an account and for a ledger. */
  function listings(
    register: typeof get,
    prefix: string,
    scope: (read: Read) => Pick<TransactionQuery, 'account' | 'ledger'>,
  ): void {
    const all = (read: Read): readonly AppliedTransaction[] =>
      read.view.transactions({ ...scope(read), includeFailed: true });
    const isListed = (read: Read): ((transaction: AppliedTransaction) => boolean) => {
      const includeFailed = (read.request.query as Query).include_failed === 'true';
      return ({ hash, successful }) => (successful || includeFailed) && !chain.adversary.hidesFromListings(hash);
    };
    register(`${prefix}/transactions`, (read) => transactionPage(read, all(read), isListed(read)));
    register(`${prefix}/operations`, (read) =>
      operationPage(read, all(read), isListed(read), concerns(read.params.account)),
    );
    register(`${prefix}/payments`, (read) => {
      const mine = concerns(read.params.account);
      return operationPage(read, all(read), isListed(read), (placed) => movesPi(placed) && mine(placed));
    });
  }
}

function account(chain: Chain, { view, origin, reply, params: { account: address = '' } }: Read): unknown {
  const found = existingAccount(view, address);
  // Only state endpoints carry it, and it belongs to the same snapshot as the body.
  reply.header('latest-ledger', String(view.ledger));
  return accountRecord(found, chain.ledgers.closedAt(found.ledger), origin);
}

function ledgers(chain: Chain, { request, view, origin }: Read): unknown {
  const page = readPageQuery(request.query as Query, view.ledger);
  const { cursor, order, limit } = page;
  const isAscending = order === 'asc';
  // Ledgers are counted, never listed: there may be millions of empty ones.
  const beside = cursor === undefined ? undefined : Number(cursor >> 32n);
  const isExact = cursor !== undefined && cursor === tokenOf(beside ?? 0);
  const records = [];
  let sequence = isAscending
    ? Math.max(chain.elder, beside === undefined ? 0 : beside + 1)
    : Math.min(view.ledger, beside === undefined ? view.ledger : beside - (isExact ? 1 : 0));
  while (records.length < limit && sequence >= chain.elder && sequence <= view.ledger) {
    const header = view.ledgerHeader(sequence);
    if (header) records.push(ledgerRecord(chain, header, origin));
    sequence += isAscending ? 1 : -1;
  }
  return pageOf(request, page, records);
}

function transactionPage(
  { request, view, origin }: Read,
  transactions: readonly AppliedTransaction[],
  isListed: (transaction: AppliedTransaction) => boolean,
): unknown {
  const page = readPageQuery(request.query as Query, view.ledger);
  const expand = (transaction: AppliedTransaction) => (isListed(transaction) ? [transaction] : []);
  const chosen = selectPage(transactions, transactionToken, expand, transactionToken, page);
  return pageOf(
    request,
    page,
    chosen.map((transaction) => transactionRecord(transaction, origin)),
  );
}

function operationPage(
  { request, view, origin }: Read,
  transactions: readonly AppliedTransaction[],
  isListed: (transaction: AppliedTransaction) => boolean,
  belongs: (placed: PlacedOperation) => boolean,
): unknown {
  const page = readPageQuery(request.query as Query, view.ledger);
  const expand = (transaction: AppliedTransaction) =>
    isListed(transaction) ? operationsOf(transaction).filter(belongs) : [];
  const chosen = selectPage(transactions, transactionToken, expand, operationToken, page);
  return pageOf(
    request,
    page,
    chosen.map((placed) => operationRecord(placed, origin)),
  );
}

function transactionToken({ ledger, order }: AppliedTransaction): bigint {
  return tokenOf(ledger, order);
}

const always = (): boolean => true;

/** Horizon lists an operation for the accounts it names, not for everyone in its transaction. */
function concerns(address: string | undefined): (placed: PlacedOperation) => boolean {
  if (address === undefined) return always;
  return ({ operation }) =>
    operation.source === address || ('destination' in operation && operation.destination === address);
}

function existingAccount(view: ChainView, address: string) {
  if (!StrKey.isValidEd25519PublicKey(address)) {
    throw badRequest('account_id', 'Account ID must start with `G` and contain 56 alphanum characters');
  }
  const found = view.account(address);
  if (!found) throw notFound();
  return found;
}

function existingLedger(chain: Chain, view: ChainView, text: string): LedgerHeader {
  const sequence = Number(text);
  if (!/^\d{1,10}$/.test(text)) throw badRequest('ledger_id', 'Ledger ID must be an integer higher than 0');
  if (sequence < chain.elder) throw beforeHistory();
  const found = view.ledgerHeader(sequence);
  if (!found) throw notFound();
  return found;
}

function existingTransaction(chain: Chain, { view, params: { hash = '' } }: Read): AppliedTransaction {
  if (!/^[0-9a-f]{64}$/.test(hash)) {
    throw badRequest('tx_id', 'Transaction hash must be a hex-encoded, lowercase SHA-256 hash');
  }
  const found = view.transaction(hash);
  if (!found || chain.adversary.hides(hash)) throw notFound();
  return found;
}
