import { PiInvalidArgumentError } from '../errors/pi-invalid-argument-error.js';
import type { ChainTransactionQuery } from './chain-answers.js';

const ADDRESS = /^G[A-Z2-7]{55}$/;
const HASH = /^[0-9a-fA-F]{64}$/;
const CURSOR = /^\d{1,20}$/;
const PAGE_LIMIT = 200;

export function pathOfAccount(address: string): string {
  if (typeof address !== 'string' || !ADDRESS.test(address)) {
    throw new PiInvalidArgumentError('address', address, 'a wallet address (G…, 56 characters)');
  }
  return `/accounts/${address}`;
}

export function pathOfLedger(sequence: number): string {
  if (!Number.isSafeInteger(sequence) || sequence < 1) {
    throw new PiInvalidArgumentError('sequence', String(sequence), 'the number of a ledger (from 1)');
  }
  return `/ledgers/${sequence}`;
}

export function pathOfTransaction(hash: string): string {
  if (typeof hash !== 'string' || !HASH.test(hash)) {
    throw new PiInvalidArgumentError('hash', hash, 'the hash of a transaction (64 hex digits)');
  }
  return `/transactions/${hash.toLowerCase()}`;
}

export function queryOf(query: ChainTransactionQuery): { search: string; limit: number } {
  const { order = 'desc', limit = PAGE_LIMIT, includeFailed = false, cursor } = query;
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > PAGE_LIMIT) {
    throw new PiInvalidArgumentError('limit', String(limit), `a whole number from 1 to ${PAGE_LIMIT}`);
  }
  if (cursor !== undefined && !CURSOR.test(cursor)) {
    throw new PiInvalidArgumentError('cursor', cursor, 'the `next` of another page');
  }
  const direction = order === 'asc' ? 'asc' : 'desc';
  const from = cursor === undefined ? '' : `&cursor=${cursor}`;
  return { search: `order=${direction}&limit=${limit}&include_failed=${includeFailed}${from}`, limit };
}
