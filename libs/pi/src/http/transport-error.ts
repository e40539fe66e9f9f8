import { AxiosError, AxiosHeaders, type AxiosResponse, type InternalAxiosRequestConfig } from 'axios';
import type { PiFailure } from './exchange.js';

/** Of all headers, only these say nothing about who calls. */
const HARMLESS: ReadonlySet<string> = new Set(['accept', 'content-type', 'user-agent']);

/**
 * No answer. An `AxiosError`, so that users of `axiosRef` find what they know, but without the request's headers and body:
 * errors end up in logs, and the headers hold the key.
 */
export class PiTransportError extends AxiosError {
  readonly kind: PiFailure['kind'];

  constructor(failure: PiFailure, config: InternalAxiosRequestConfig) {
    const code = failure.kind === 'timeout' ? AxiosError.ETIMEDOUT : (failure.code ?? AxiosError.ERR_NETWORK);
    super(failure.message, code, withoutSecrets(config));
    this.name = 'PiTransportError';
    this.kind = failure.kind;
  }
}

/** The error axios would raise for this status, without the request's secrets. */
export function statusError(response: AxiosResponse, config: InternalAxiosRequestConfig): AxiosError {
  const redirect = response.status >= 300 && response.status < 400 ? ' (redirects are not followed)' : '';
  const safe = withoutSecrets(config);
  return new AxiosError(
    `Request failed with status code ${response.status}${redirect}`,
    response.status >= 400 && response.status < 500 ? AxiosError.ERR_BAD_REQUEST : AxiosError.ERR_BAD_RESPONSE,
    safe,
    undefined,
    { ...response, config: safe },
  );
}

export function withoutSecrets(config: InternalAxiosRequestConfig): InternalAxiosRequestConfig {
  const headers = new AxiosHeaders();
  for (const [name, value] of Object.entries(config.headers)) {
    if (value === null || value === undefined) continue;
    headers.set(name, HARMLESS.has(name.toLowerCase()) ? String(value) : '[hidden]');
  }
  const { method, url, baseURL, timeout } = config;
  return {
    headers,
    ...(method !== undefined && { method }),
    ...(url !== undefined && { url }),
    ...(baseURL !== undefined && { baseURL }),
    ...(timeout !== undefined && { timeout }),
  };
}
