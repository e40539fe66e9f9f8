import { isUtf8 } from 'node:buffer';
import {
  type Fields,
  readBigInt,
  readBoolean,
  readCount,
  readDate,
  readObject,
  readOneOf,
  readOptionalString,
  readString,
} from '../http/answer-reader.js';
import type { ChainMemo, ChainTransaction } from './chain-transaction.js';
import { readTimeBound } from './horizon-readers.js';

/** A record of `/transactions/{hash}` or of a listing. */
export function readTransaction(data: unknown, path = 'transaction'): ChainTransaction {
  const fields = readObject(data, path);
  const resultXdr = readOptionalString(fields, 'result_xdr', path);
  const maxFee = fields['max_fee'] === undefined ? undefined : readBigInt(fields, 'max_fee', path);
  const validAfter = readTimeBound(fields, 'valid_after', path);
  const validBefore = readTimeBound(fields, 'valid_before', path);
  const memo = readMemo(fields, path);
  return {
    hash: readString(fields, 'hash', path).toLowerCase(),
    ...readFeeBump(fields, path),
    successful: readBoolean(fields, 'successful', path),
    sourceAccount: readString(fields, 'source_account', path),
    sequence: readBigInt(fields, 'source_account_sequence', path),
    feeAccount: readString(fields, 'fee_account', path),
    feeCharged: readBigInt(fields, 'fee_charged', path),
    ...(maxFee !== undefined && { maxFee }),
    ...(memo && { memo }),
    ledger: readCount(fields, 'ledger', path),
    createdAt: readDate(fields, 'created_at', path),
    ...(validAfter && { validAfter }),
    ...(validBefore && { validBefore }),
    operationCount: readCount(fields, 'operation_count', path),
    envelopeXdr: readString(fields, 'envelope_xdr', path),
    ...(resultXdr !== undefined && { resultXdr }),
    pagingToken: readString(fields, 'paging_token', path),
  };
}

function readFeeBump(fields: Fields, path: string): { feeBumpHash?: string; innerHash?: string } {
  if (fields['fee_bump_transaction'] === undefined) return {};
  const outer = readObject(fields['fee_bump_transaction'], `${path}.fee_bump_transaction`);
  const inner = readObject(fields['inner_transaction'], `${path}.inner_transaction`);
  return {
    feeBumpHash: readString(outer, 'hash', `${path}.fee_bump_transaction`).toLowerCase(),
    innerHash: readString(inner, 'hash', `${path}.inner_transaction`).toLowerCase(),
  };
}

function readMemo(fields: Fields, path: string): ChainMemo | undefined {
  const type = readOneOf(fields, 'memo_type', path, ['none', 'text', 'id', 'hash', 'return']);
  switch (type) {
    case 'none':
      return undefined;
    case 'text':
      return textMemo(fields, path);
    case 'id':
    case 'hash':
    case 'return':
      return { type, value: readString(fields, 'memo', path) };
    default:
      return type satisfies never;
  }
}

/** A text memo is bytes. `memo` has them as text, with what is not UTF-8 replaced; `memo_bytes` has them as they are. */
function textMemo(fields: Fields, path: string): ChainMemo {
  const encoded = readOptionalString(fields, 'memo_bytes', path);
  const bytes =
    encoded === undefined
      ? Buffer.from(readOptionalString(fields, 'memo', path) ?? '', 'utf8')
      : Buffer.from(encoded, 'base64');
  return { type: 'text', bytes, ...(isUtf8(bytes) && { text: bytes.toString('utf8') }) };
}
