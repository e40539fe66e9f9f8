import type { Dispatcher } from 'undici';

/** One request as undici wants it. `headers`: names and values in turn. */
export interface PiRequest {
  readonly origin: string;
  readonly path: string;
  readonly method: string;
  readonly headers: string[];
  readonly body?: string | Uint8Array | undefined;
}

export interface PiExchangeLimits {
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
}

export interface PiAnswer {
  readonly kind: 'answer';
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface PiFailure {
  readonly kind: 'timeout' | 'network' | 'oversized' | 'aborted';
  /** E.g. `ECONNREFUSED`. */
  readonly code?: string;
  readonly message: string;
}

export type PiOutcome = PiAnswer | PiFailure;

const NOTHING = Buffer.alloc(0);

/** Raised into undici to end a request; nobody sees it, `finish` was called before. */
const ENDED = new Error('ended by nestjs-pi');

/**
 * One request, one answer, over undici's lowest interface. Never rejects. Ends by itself at the time limit and as soon as the answer
 * is too long; a redirect is an answer like any other, it is not followed.
 */
export class PiExchange implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined;
  private readonly timer: NodeJS.Timeout;
  private status = 0;
  private headers: PiAnswer['headers'] = {};
  private readonly chunks: Buffer[] = [];
  private length = 0;
  private finished = false;

  static run(
    dispatcher: Dispatcher,
    request: PiRequest,
    limits: PiExchangeLimits,
    register: (abort: () => void) => void,
  ) {
    return new Promise<PiOutcome>((resolve) => {
      const exchange = new PiExchange(limits, resolve);
      register(() => exchange.end({ kind: 'aborted', message: 'the call was aborted' }));
      if (exchange.finished) return;
      try {
        dispatcher.dispatch(
          {
            origin: request.origin,
            path: request.path,
            method: request.method,
            headers: request.headers,
            body: request.body ?? null,
            // Our own timer covers the whole attempt, from the queue to the last byte.
            headersTimeout: 0,
            bodyTimeout: 0,
          },
          exchange,
        );
      } catch (error) {
        exchange.onResponseError(undefined, error as Error);
      }
    });
  }

  private constructor(
    private readonly limits: PiExchangeLimits,
    private readonly resolve: (outcome: PiOutcome) => void,
  ) {
    this.timer = setTimeout(onTimeout, limits.timeoutMs, this);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // Ended while it waited for a connection: it must not leave any more.
    if (this.finished) controller.abort(ENDED);
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: PiAnswer['headers']): void {
    // 103 and the like: the answer is still to come.
    if (status < 200) return;
    this.status = status;
    this.headers = headers;
    if (Number(headers['content-length']) > this.limits.maxAnswerBytes) this.endOversized();
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.length += chunk.length;
    if (this.length > this.limits.maxAnswerBytes) this.endOversized();
    else this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    const [first = NOTHING] = this.chunks;
    const body = this.chunks.length > 1 ? Buffer.concat(this.chunks, this.length) : first;
    this.finish({ kind: 'answer', status: this.status, headers: this.headers, body });
  }

  onResponseError(_: unknown, error: Error & { code?: string }): void {
    const code = error.code ?? (error.cause as { code?: string } | undefined)?.code;
    this.finish({ kind: 'network', message: error.message || 'connection failed', ...(code && { code }) });
  }

  end(outcome: PiFailure): void {
    if (this.finished) return;
    this.finish(outcome);
    this.controller?.abort(ENDED);
  }

  private endOversized(): void {
    this.end({ kind: 'oversized', message: `the answer is longer than ${this.limits.maxAnswerBytes} bytes` });
  }

  get timeoutMs(): number {
    return this.limits.timeoutMs;
  }

  private finish(outcome: PiOutcome): void {
    if (this.finished) return;
    this.finished = true;
    clearTimeout(this.timer);
    this.resolve(outcome);
  }
}

function onTimeout(exchange: PiExchange): void {
  exchange.end({ kind: 'timeout', message: `no complete answer within ${Math.round(exchange.timeoutMs)} ms` });
}
