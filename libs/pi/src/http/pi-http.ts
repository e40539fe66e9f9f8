import { HttpService } from '@nestjs/axios';
import type { OnApplicationShutdown } from '@nestjs/common';
import axios, { type AxiosInstance } from 'axios';
import type { PiHttpOptions } from '../pi.options.js';
import { PiDispatchers } from './dispatchers.js';
import { UndiciAdapter } from './undici-adapter.js';

export const PI_HTTP_DEFAULTS: Required<PiHttpOptions> = {
  timeoutMs: 10_000,
  retries: 2,
  connections: 32,
  maxAnswerBytes: 4 * 1024 * 1024,
};

/**
 * Nest's `HttpService` over undici, with our policies: redirects are not followed, answers are bounded, time limits, retries of safe
 * calls with jitter and `Retry-After`, proxies of the environment.
 *
 * Our own calls go through `axiosRef.request()`, which costs less than the Observables.
 */
export class PiHttpService extends HttpService implements OnApplicationShutdown {
  constructor(
    instance: AxiosInstance,
    private readonly dispatchers: PiDispatchers,
  ) {
    super(instance);
  }

  /** Waits for the calls in flight and leaves no connection open. */
  close(): Promise<void> {
    return this.dispatchers.close();
  }

  onApplicationShutdown(): Promise<void> {
    return this.close();
  }
}

/** @param options undefined fields take {@link PI_HTTP_DEFAULTS} */
export function createPiHttp(options: PiHttpOptions = {}): PiHttpService {
  const limits = {
    timeoutMs: options.timeoutMs ?? PI_HTTP_DEFAULTS.timeoutMs,
    retries: options.retries ?? PI_HTTP_DEFAULTS.retries,
    connections: options.connections ?? PI_HTTP_DEFAULTS.connections,
    maxAnswerBytes: options.maxAnswerBytes ?? PI_HTTP_DEFAULTS.maxAnswerBytes,
  };
  const dispatchers = new PiDispatchers(limits.connections);
  const adapter = new UndiciAdapter(dispatchers, limits);
  const instance = axios.create({ adapter: adapter.send, headers: { Accept: 'application/json' } });
  return new PiHttpService(instance, dispatchers);
}
