/**
 * Sets this process's clock wrong until the answer is called; timers and `performance` go on as they are, and so does a
 * database of another process.
 */
export function wrongClock(aheadMs: number): () => void {
  const Right = globalThis.Date;
  class Wrong extends Right {
    constructor(...given: [] | [string | number | Date]) {
      if (given.length === 0) super(Right.now() + aheadMs);
      else super(given[0]);
    }
    static override now(): number {
      return Right.now() + aheadMs;
    }
    /** Dates made before are dates, too. */
    static override [Symbol.hasInstance](value: unknown): boolean {
      return Right[Symbol.hasInstance](value);
    }
  }
  globalThis.Date = Wrong as DateConstructor;
  return () => {
    globalThis.Date = Right;
  };
}
