import {
  type Fields,
  readArray,
  readBigInt,
  readCount,
  readDate,
  readNumber,
  readObject,
  readOptionalString,
  readString,
  UnreadableAnswer,
} from '../http/answer-reader.js';
import type { ChainAccount, ChainFeeQuantiles, ChainFeeStats, ChainIdentity, ChainLedger } from './chain-answers.js';
import { PiAmount } from './pi-amount.js';

/** @see https://developers.stellar.org/docs/data/apis/horizon/api-reference (the fields; the chain is Pi's) */
export function readIdentity(data: unknown): ChainIdentity {
  const fields = readObject(data, 'root');
  return {
    passphrase: readString(fields, 'network_passphrase', 'root'),
    horizonVersion: readString(fields, 'horizon_version', 'root'),
    coreVersion: readString(fields, 'core_version', 'root'),
    protocolVersion: readCount(fields, 'current_protocol_version', 'root'),
    latestLedger: readCount(fields, 'history_latest_ledger', 'root'),
    ...(fields['history_elder_ledger'] !== undefined && {
      oldestLedger: readCount(fields, 'history_elder_ledger', 'root'),
    }),
  };
}

export function readAccount(data: unknown, ledger: number): ChainAccount {
  const fields = readObject(data, 'account');
  return {
    address: readString(fields, 'account_id', 'account'),
    sequence: readBigInt(fields, 'sequence', 'account'),
    balance: nativeBalance(readArray(fields['balances'], 'account.balances')),
    ledger,
    subentryCount: readCount(fields, 'subentry_count', 'account'),
    ...(fields['last_modified_ledger'] !== undefined && {
      lastModifiedLedger: readCount(fields, 'last_modified_ledger', 'account'),
    }),
  };
}

export function readLedger(data: unknown): ChainLedger {
  const fields = readObject(data, 'ledger');
  return {
    sequence: readCount(fields, 'sequence', 'ledger'),
    hash: readString(fields, 'hash', 'ledger'),
    closedAt: readDate(fields, 'closed_at', 'ledger'),
    baseFee: readBigInt(fields, 'base_fee_in_stroops', 'ledger'),
    baseReserve: readBigInt(fields, 'base_reserve_in_stroops', 'ledger'),
    protocolVersion: readCount(fields, 'protocol_version', 'ledger'),
  };
}

export function readFeeStats(data: unknown): ChainFeeStats {
  const fields = readObject(data, 'fee_stats');
  return {
    lastLedger: Number(readBigInt(fields, 'last_ledger', 'fee_stats')),
    lastLedgerBaseFee: readBigInt(fields, 'last_ledger_base_fee', 'fee_stats'),
    ledgerCapacityUsage: readUsage(fields),
    feeCharged: readQuantiles(fields['fee_charged'], 'fee_stats.fee_charged'),
    maxFee: readQuantiles(fields['max_fee'], 'fee_stats.max_fee'),
  };
}

/** Records of a listing; HAL wraps them. */
export function readRecords(data: unknown): readonly unknown[] {
  const embedded = readObject(readObject(data, 'page')['_embedded'], 'page._embedded');
  return readArray(embedded['records'], 'page._embedded.records');
}

/**
 * A time bound that may be missing. Anyone can send the wallet a transaction that is good until after the year 9999: Horizon writes
 * that with more digits than a date has, and it bounds nothing.
 */
export function readTimeBound(fields: Fields, name: string, path: string): Date | undefined {
  const text = readOptionalString(fields, name, path);
  return text && !/^\d{5,}-/.test(text) ? readDate(fields, name, path) : undefined;
}

function nativeBalance(balances: readonly unknown[]): PiAmount {
  for (const [index, item] of balances.entries()) {
    const path = `account.balances[${index}]`;
    const balance = readObject(item, path);
    if (readString(balance, 'asset_type', path) === 'native') return readPi(balance, 'balance', path);
  }
  throw new UnreadableAnswer('account.balances', 'a list with a native balance', balances);
}

function readPi(fields: Fields, name: string, path: string): PiAmount {
  const value = readString(fields, name, path);
  try {
    return PiAmount.of(value);
  } catch (error) {
    throw new UnreadableAnswer(`${path}.${name}`, `an amount of Pi (${(error as Error).message})`, value);
  }
}

function readUsage(fields: Fields): number {
  const value = fields['ledger_capacity_usage'];
  return typeof value === 'string' && /^\d+(\.\d+)?$/.test(value)
    ? Number(value)
    : readNumber(fields, 'ledger_capacity_usage', 'fee_stats');
}

function readQuantiles(data: unknown, path: string): ChainFeeQuantiles {
  const fields = readObject(data, path);
  return {
    min: readBigInt(fields, 'min', path),
    mode: readBigInt(fields, 'mode', path),
    p50: readBigInt(fields, 'p50', path),
    p95: readBigInt(fields, 'p95', path),
    p99: readBigInt(fields, 'p99', path),
    max: readBigInt(fields, 'max', path),
  };
}
