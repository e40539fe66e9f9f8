import type { HttpService } from '@nestjs/axios';
import { Logger } from '@nestjs/common';
import { PiUnavailableError } from '../errors/pi-unavailable-error.js';
import { UnreadableAnswer } from '../http/answer-reader.js';
import type { PiCallOptions } from '../http/call-options.js';
import { PiCaller, type PiReply } from '../http/caller.js';
import { PiCall, type PiCallObserver } from '../http/pi-call.js';
import type {
  ChainAccount,
  ChainFeeStats,
  ChainIdentity,
  ChainLedger,
  ChainTransactionPage,
  ChainTransactionQuery,
} from './chain-answers.js';
import type { ChainSubmission, ChainTransaction } from './chain-transaction.js';
import { pathOfAccount, pathOfLedger, pathOfTransaction, queryOf } from './horizon-arguments.js';
import { readAccount, readFeeStats, readIdentity, readLedger, readRecords } from './horizon-readers.js';
import { horizonRefusal, isMissing, unreadableChainAnswer } from './horizon-refusal.js';
import { readSubmission, unansweredSubmission } from './submission-reader.js';
import { readTransaction } from './transaction-reader.js';

export interface PiHorizonClientOptions {
  readonly http: HttpService;
  /** E.g. `https://api.testnet.minepi.com`. */
  readonly horizonUrl: string;
  /** Told after every call. */
  readonly onCall?: PiCallObserver;
}

/** Horizon holds a submit for up to 30 s before it gives up: a shorter wait would only make more answers unknown. */
const SUBMIT_TIMEOUT_MS = 40_000;

/**
 * A thin client of the Pi blockchain's Horizon. It gathers evidence and judges nothing: what an answer proves is for its readers.
 *
 * Every method throws
 * - `PiUnavailableError` without an answer, with 5xx and 429 (`submit` answers `unknown` instead)
 * - `PiChainError` when the answer cannot be read, or Horizon refuses
 * - the reason of `signal` when it aborts
 */
export class PiHorizonClient {
  private readonly caller: PiCaller;
  private readonly baseUrl: string;

  constructor(options: PiHorizonClientOptions) {
    this.caller = new PiCaller(options.http, new Logger(PiHorizonClient.name), options.onCall);
    this.baseUrl = options.horizonUrl.replace(/\/+$/, '');
  }

  /** Which network this is: compare `passphrase` before anything of it is believed. */
  async network(options?: PiCallOptions): Promise<ChainIdentity> {
    return this.ask('GET /', '/', readIdentity, options);
  }

  /**
   * Sequence number, balance and `ledger` of one and the same state of the chain.
   * Undefined when no such account exists there (yet).
   */
  async account(address: string, options?: PiCallOptions): Promise<ChainAccount | undefined> {
    return this.find('GET /accounts/{address}', pathOfAccount(address), readAccountAt, options);
  }

  /** Undefined when this Horizon has not seen it yet. */
  async ledger(sequence: number, options?: PiCallOptions): Promise<ChainLedger | undefined> {
    const read = (data: unknown): ChainLedger => {
      const ledger = readLedger(data);
      if (ledger.sequence !== sequence)
        throw new UnreadableAnswer('ledger.sequence', String(sequence), ledger.sequence);
      return ledger;
    };
    return this.find('GET /ledgers/{sequence}', pathOfLedger(sequence), read, options);
  }

  /** The newest this Horizon has ingested. */
  async latestLedger(options?: PiCallOptions): Promise<ChainLedger> {
    return this.ask('GET /ledgers', '/ledgers?order=desc&limit=1', (data) => readLedger(readRecords(data)[0]), options);
  }

  async feeStats(options?: PiCallOptions): Promise<ChainFeeStats> {
    return this.ask('GET /fee_stats', '/fee_stats', readFeeStats, options);
  }

  /** By its hash, or the hash of what it wraps. Undefined proves nothing: replicas lag, and history is trimmed. */
  async transaction(hash: string, options?: PiCallOptions): Promise<ChainTransaction | undefined> {
    return this.find('GET /transactions/{hash}', pathOfTransaction(hash), (data) => readTransaction(data), options);
  }

  /** One page of the account's history. It also lists transactions of others that touch the account. */
  async transactions(
    address: string,
    query: ChainTransactionQuery = {},
    options?: PiCallOptions,
  ): Promise<ChainTransactionPage> {
    const { search, limit } = queryOf(query);
    const read = (data: unknown, reply: PiReply): ChainTransactionPage => {
      const records = readRecords(data).map((record, index) => readTransaction(record, `records[${index}]`));
      const last = records.at(-1);
      const ledger = latestLedgerOf(reply);
      return {
        records,
        // Horizon links a next page always; one that is not full is the last.
        ...(last && records.length >= limit && { next: last.pagingToken }),
        ...(ledger !== undefined && { ledger }),
      };
    };
    const path = `${pathOfAccount(address)}/transactions?${search}`;
    return this.ask('GET /accounts/{address}/transactions', path, read, options);
  }

  /**
   * Posts an envelope. Never repeated by itself; posting the same envelope again is harmless.
   * Waits up to 40 s, for Horizon holds the request until the transaction is in a ledger or 30 s have passed.
   */
  async submit(envelopeXdr: string, options: PiCallOptions = {}): Promise<ChainSubmission> {
    const call = new PiCall('POST /transactions', false, {
      ...options,
      timeoutMs: options.timeoutMs ?? SUBMIT_TIMEOUT_MS,
    });
    const request = {
      method: 'post',
      url: `${this.baseUrl}/transactions`,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: `tx=${encodeURIComponent(envelopeXdr)}`,
    } as const;
    try {
      return readSubmission(await this.caller.call(request, call));
    } catch (error) {
      if (error instanceof PiUnavailableError) return unansweredSubmission(error);
      throw error;
    }
  }

  private async ask<T>(endpoint: string, path: string, read: Read<T>, options: PiCallOptions | undefined): Promise<T> {
    return readReply(await this.get(endpoint, path, options), endpoint, read);
  }

  /** Like `ask`, with Horizon's own "not found" as an answer. */
  private async find<T>(
    endpoint: string,
    path: string,
    read: Read<T>,
    options: PiCallOptions | undefined,
  ): Promise<T | undefined> {
    const reply = await this.get(endpoint, path, options);
    return isMissing(reply) ? undefined : readReply(reply, endpoint, read);
  }

  private get(endpoint: string, path: string, options: PiCallOptions | undefined): Promise<PiReply> {
    return this.caller.call({ method: 'get', url: this.baseUrl + path }, new PiCall(endpoint, true, options));
  }
}

type Read<T> = (data: unknown, reply: PiReply) => T;

function readReply<T>(reply: PiReply, endpoint: string, read: Read<T>): T {
  if (reply.status !== 200) throw horizonRefusal(reply, endpoint);
  try {
    return read(reply.data, reply);
  } catch (error) {
    if (error instanceof UnreadableAnswer) throw unreadableChainAnswer(reply, endpoint, error.message);
    throw error;
  }
}

function readAccountAt(data: unknown, reply: PiReply): ChainAccount {
  const ledger = latestLedgerOf(reply);
  // Without it, nobody knows of when the sequence number is.
  if (ledger === undefined)
    throw new UnreadableAnswer('header Latest-Ledger', 'a whole number', reply.header('latest-ledger'));
  return readAccount(data, ledger);
}

function latestLedgerOf(reply: PiReply): number | undefined {
  const value = reply.header('latest-ledger');
  return value !== undefined && /^\d{1,10}$/.test(value) ? Number(value) : undefined;
}
