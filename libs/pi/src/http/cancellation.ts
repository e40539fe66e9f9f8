import type { InternalAxiosRequestConfig } from 'axios';

/** The two ways axios knows to abort a call, as one. Costs nothing when neither is used. */
export class PiCancellation {
  private abort: (() => void) | undefined;

  constructor(private readonly config: InternalAxiosRequestConfig) {
    config.signal?.addEventListener?.('abort', this.onAbort);
    // HttpService makes a token for every call through its Observables.
    config.cancelToken?.subscribe(this.onAbort);
  }

  get cancelled(): boolean {
    return this.config.signal?.aborted === true || this.config.cancelToken?.reason !== undefined;
  }

  /** What to do when it happens. The latest registration counts. */
  readonly register = (abort: () => void): void => {
    this.abort = abort;
    if (this.cancelled) abort();
  };

  release(): void {
    this.abort = undefined;
    this.config.signal?.removeEventListener?.('abort', this.onAbort);
    this.config.cancelToken?.unsubscribe(this.onAbort);
  }

  /** A wait that a cancellation cuts short. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.register(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  private readonly onAbort = (): void => this.abort?.();
}
