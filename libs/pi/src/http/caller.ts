import type { HttpService } from '@nestjs/axios';
import { Logger } from '@nestjs/common';
import { type AxiosRequestConfig, type AxiosResponse, isCancel } from 'axios';
import { PiUnavailableError, type PiUnavailableReason } from '../errors/pi-unavailable-error.js';
import type { PiCall, PiCallObserver } from './pi-call.js';
import { retryAfterMs } from './retry-after.js';
import { PiTransportError } from './transport-error.js';

export interface PiReply {
  readonly status: number;
  /** Parsed JSON; a string when it is none, `''` when it is empty. */
  readonly data: unknown;
  header(name: string): string | undefined;
}

export interface PiCallRequest {
  readonly method: 'get' | 'post';
  readonly url: string;
  readonly headers?: Record<string, string | false>;
  readonly body?: string;
}

const asIs = (data: unknown): unknown => data;

/** Makes the calls of one client: any answer is a reply, whatever its status; no answer is an error. One debug line a call. */
export class PiCaller {
  constructor(
    private readonly http: HttpService,
    private readonly logger: Logger,
    private readonly onCall: PiCallObserver | undefined,
  ) {}

  /**
   * @throws PiUnavailableError without an answer
   * @throws the reason of `signal` when it aborts
   */
  async call(request: PiCallRequest, call: PiCall): Promise<PiReply> {
    const { signal } = call.options;
    signal?.throwIfAborted();
    const started = performance.now();
    let status: number | undefined;
    try {
      const response = await this.http.axiosRef.request(configOf(request, call));
      status = response.status;
      return new Reply(response);
    } catch (error) {
      if (isCancel(error) && signal?.aborted) throw signal.reason;
      throw unanswered(error, call.endpoint);
    } finally {
      this.report(call, status, performance.now() - started);
    }
  }

  private report(call: PiCall, status: number | undefined, durationMs: number): void {
    const { endpoint, attempts } = call;
    if (Logger.isLevelEnabled('debug')) {
      const again = attempts > 1 ? `, ${attempts} attempts` : '';
      this.logger.debug(`${endpoint} ${status ?? 'no answer'} (${Math.round(durationMs)} ms${again})`);
    }
    this.onCall?.({ endpoint, status, attempts, durationMs });
  }
}

/** 5xx and 429 that carry nothing better: it may work later. */
export function unavailableStatus(reply: PiReply, endpoint: string): PiUnavailableError {
  const limited = reply.status === 429;
  return new PiUnavailableError({
    reason: limited ? 'rate_limited' : 'status',
    message: `${endpoint} was answered with ${reply.status}: ${limited ? 'too many requests' : 'out of service at the moment'}.`,
    endpoint,
    upstreamStatus: reply.status,
    retryAfterMs: retryAfterMs(reply.header('retry-after')),
  });
}

function configOf({ method, url, headers, body }: PiCallRequest, call: PiCall): AxiosRequestConfig {
  const config: AxiosRequestConfig & { pi: PiCall } = {
    method,
    url,
    validateStatus: null,
    // The body is written to the digit already: axios must not read and write it again.
    transformRequest: asIs,
    pi: call,
  };
  if (headers) config.headers = headers;
  if (body !== undefined) config.data = body;
  if (call.options.signal) config.signal = call.options.signal;
  return config;
}

const REASONS: Readonly<Record<PiTransportError['kind'], PiUnavailableReason>> = {
  timeout: 'timeout',
  network: 'network',
  oversized: 'oversized',
  aborted: 'network',
};

function unanswered(error: unknown, endpoint: string): Error {
  if (!(error instanceof PiTransportError)) return error as Error;
  // The cause has the particulars; the message, which may reach a client, has no address.
  const why = error.kind === 'network' ? `the connection failed (${error.code})` : error.message;
  return new PiUnavailableError({
    reason: REASONS[error.kind],
    message: `${endpoint} got no answer: ${why}.`,
    endpoint,
    cause: error,
  });
}

class Reply implements PiReply {
  readonly status: number;
  readonly data: unknown;

  constructor(private readonly response: AxiosResponse) {
    this.status = response.status;
    this.data = response.data;
  }

  header(name: string): string | undefined {
    const value: unknown = this.response.headers[name];
    const first: unknown = Array.isArray(value) ? value[0] : value;
    return typeof first === 'string' ? first : undefined;
  }
}
