import axios, {
  AxiosError,
  AxiosHeaders,
  type AxiosResponse,
  CanceledError,
  type InternalAxiosRequestConfig,
} from 'axios';
import type { PiHttpOptions } from '../pi.options.js';
import { PiCancellation } from './cancellation.js';
import type { PiDispatchers } from './dispatchers.js';
import { type PiAnswer, PiExchange, type PiOutcome, type PiRequest } from './exchange.js';
import { PiCall } from './pi-call.js';
import { retryDelayMs } from './retry-policy.js';
import { PiTransportError, statusError, withoutSecrets } from './transport-error.js';

/** What axios hands to an adapter, with our own passenger. */
type Config = InternalAxiosRequestConfig & { readonly pi?: PiCall };

/** Safe by their definition (RFC 9110 §9.2.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(['get', 'head', 'options']);

/**
 * An axios adapter over undici: redirects are not followed, answers are bounded, every attempt has a time limit, and calls that are safe
 * to repeat are repeated. Whoever calls `axiosRef` directly gets the same.
 */
export class UndiciAdapter {
  constructor(
    private readonly dispatchers: PiDispatchers,
    private readonly options: Required<PiHttpOptions>,
  ) {}

  readonly send = async (config: Config): Promise<AxiosResponse> => {
    const request = requestOf(config);
    const cancellation = new PiCancellation(config);
    try {
      return settled(await this.attempts(request, config, cancellation), config);
    } finally {
      cancellation.release();
    }
  };

  private async attempts(request: PiRequest, config: Config, cancellation: PiCancellation): Promise<PiOutcome> {
    const call = config.pi ?? new PiCall(request.method, SAFE_METHODS.has(config.method ?? 'get'));
    const { timeoutMs = Infinity } = call.options;
    const deadline = timeoutMs === Infinity ? Infinity : performance.now() + timeoutMs;
    const retries = call.repeatable ? (call.options.retries ?? this.options.retries) : 0;
    for (;;) {
      const outcome = await this.attempt(request, config, call, deadline, cancellation);
      const attempt = call.attempts++;
      if (attempt >= retries || (isLimited(outcome) && call.options.repeatLimited === false)) return outcome;
      const delay = retryDelayMs(outcome, attempt);
      if (delay === undefined || performance.now() + delay >= deadline) return outcome;
      await cancellation.wait(delay);
      if (cancellation.cancelled) return { kind: 'aborted', message: 'the call was aborted' };
    }
  }

  private async attempt(
    request: PiRequest,
    config: Config,
    call: PiCall,
    deadline: number,
    cancellation: PiCancellation,
  ): Promise<PiOutcome> {
    const opened = this.dispatchers.of(request.origin);
    const dispatcher = opened instanceof Promise ? await opened : opened;
    const limits = { timeoutMs: this.attemptMs(config, call, deadline), maxAnswerBytes: this.maxBytes(config) };
    return PiExchange.run(dispatcher, request, limits, cancellation.register);
  }

  /** A call that is tried once may use all of its time for that; of one that can be repeated no attempt takes longer than `timeoutMs`. */
  private attemptMs(config: Config, call: PiCall, deadline: number): number {
    const ofOne = config.timeout || this.options.timeoutMs;
    if (deadline === Infinity) return ofOne;
    const remaining = Math.max(1, deadline - performance.now());
    return call.repeatable ? Math.min(ofOne, remaining) : remaining;
  }

  private maxBytes(config: Config): number {
    const asked = config.maxContentLength;
    return asked !== undefined && asked >= 0 ? asked : this.options.maxAnswerBytes;
  }
}

function isLimited(outcome: PiOutcome): boolean {
  return outcome.kind === 'answer' && outcome.status === 429;
}

function requestOf(config: Config): PiRequest {
  // Relative addresses and parameters are for users of axiosRef; our own calls arrive complete.
  const address = config.baseURL || config.params ? axios.getUri(config) : (config.url ?? '');
  if (!URL.canParse(address)) {
    throw new AxiosError(`Invalid URL ${JSON.stringify(address)}`, AxiosError.ERR_INVALID_URL, withoutSecrets(config));
  }
  const url = new URL(address);
  return {
    origin: url.origin,
    path: url.pathname + url.search,
    method: (config.method ?? 'get').toUpperCase(),
    headers: headersOf(config.headers),
    body: bodyOf(config),
  };
}

/** Names and values in turn: the form undici takes without a conversion. */
function headersOf(headers: AxiosHeaders): string[] {
  const list: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (value === null || value === undefined || value === false) continue;
    list.push(name, String(value));
  }
  return list;
}

function bodyOf(config: Config): string | Uint8Array | undefined {
  const data: unknown = config.data;
  if (data === undefined || data === null) return undefined;
  if (typeof data === 'string' || data instanceof Uint8Array) return data;
  throw notSupported('this kind of body: pass a string, an object or bytes', config);
}

function settled(outcome: PiOutcome, config: Config): AxiosResponse {
  if (outcome.kind === 'aborted') throw new CanceledError(undefined, withoutSecrets(config));
  if (outcome.kind !== 'answer') throw new PiTransportError(outcome, config);
  const response = responseOf(outcome, config);
  const { validateStatus } = config;
  if (validateStatus && !validateStatus(outcome.status)) throw statusError(response, config);
  return response;
}

function responseOf(answer: PiAnswer, config: Config): AxiosResponse {
  return {
    data: dataOf(answer, config),
    status: answer.status,
    statusText: '',
    // Names are lower-case already, so axios need not look at them again.
    headers: Object.assign(new AxiosHeaders(), answer.headers),
    config,
    request: undefined,
  };
}

function dataOf(answer: PiAnswer, config: Config): string | Buffer {
  switch (config.responseType) {
    case 'arraybuffer':
      return answer.body;
    case 'stream':
      throw notSupported("responseType 'stream': answers are bounded and read whole", config);
    default:
      return answer.body.toString('utf8');
  }
}

function notSupported(what: string, config: Config): AxiosError {
  return new AxiosError(
    `The transport of nestjs-pi does not support ${what}.`,
    AxiosError.ERR_NOT_SUPPORT,
    withoutSecrets(config),
  );
}
