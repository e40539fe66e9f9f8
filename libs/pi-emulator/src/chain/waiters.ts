interface Waiter {
  /** True when it has been answered. */
  check(): boolean;
  release(): void;
}

export interface WaitOptions {
  /** Default the chain's `submitTimeoutMs`. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** Those who wait for something a ledger may bring. */
export class Waiters {
  private readonly waiting = new Set<Waiter>();

  wait<T>(
    ask: () => T | undefined,
    { timeoutMs, signal }: WaitOptions & { timeoutMs: number },
  ): Promise<T | undefined> {
    const already = ask();
    if (already !== undefined || signal?.aborted) return Promise.resolve(already);
    return new Promise((resolve) => {
      const answer = (value: T | undefined): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', waiter.release);
        this.waiting.delete(waiter);
        resolve(value);
      };
      const waiter: Waiter = {
        check: () => {
          const value = ask();
          if (value === undefined) return false;
          answer(value);
          return true;
        },
        release: () => answer(undefined),
      };
      const timer = setTimeout(waiter.release, timeoutMs);
      signal?.addEventListener('abort', waiter.release, { once: true });
      this.waiting.add(waiter);
    });
  }

  check(): void {
    for (const waiter of this.waiting) waiter.check();
  }

  release(): void {
    for (const waiter of this.waiting) waiter.release();
  }
}
