/** The chain's clock: the machine's, moved ahead by {@link advance}, and never behind the last ledger. */
export class ChainClock {
  /** How far it is ahead of the machine's, in ms. */
  offsetMs = 0;

  constructor(
    private readonly machine: () => number,
    /** Whole seconds since 1970. */
    private readonly latestClosedAt: () => number,
    /** The least that lies between two ledgers, in seconds. */
    private readonly ledgerSeconds: number,
  ) {}

  /** Milliseconds since 1970. */
  now(): number {
    return Math.max(this.machine() + this.offsetMs, this.latestClosedAt() * 1000);
  }

  advance(seconds: number): void {
    if (!(seconds >= 0)) throw new RangeError(`pi-emulator: advance(${seconds}): give a number of seconds, 0 or more`);
    this.offsetMs = this.now() - this.machine() + seconds * 1000;
  }

  /** When a ledger that closes now closes, in whole seconds since 1970: later than the one before. */
  nextClose(): number {
    return Math.max(this.latestClosedAt() + this.ledgerSeconds, Math.floor(this.now() / 1000));
  }
}
