import { PiUnavailableError } from '../errors/pi-unavailable-error.js';

/**
 * At most so many at a time, and of strangers at most so many waiting; whoever comes when that is full is told to come back. Keeps a
 * flood of invented tokens from exhausting sockets, memory or Pi. Who was verified before goes first, and always finds a place.
 */
export class CheckLimit {
  private running = 0;
  private closed = false;
  /** In order of arrival; Sets, so that one who leaves is gone at once. */
  private readonly known = new Set<Waiting>();
  private readonly strangers = new Set<Waiting>();

  constructor(
    private readonly atATime: number,
    private readonly waitingStrangers: number,
  ) {}

  async run<T>(work: () => Promise<T>, { signal, isKnown }: { signal: AbortSignal; isKnown: boolean }): Promise<T> {
    signal.throwIfAborted();
    if (this.closed) throw shutDown();
    if (this.running >= this.atATime) await this.turn(signal, isKnown);
    else this.running += 1;
    try {
      return await work();
    } finally {
      this.next();
    }
  }

  /** The app shuts down: whoever waits is told, and nobody is let in any more. */
  close(): void {
    this.closed = true;
    for (const queue of [this.known, this.strangers]) {
      for (const { refuse } of queue) refuse(shutDown());
      queue.clear();
    }
  }

  private turn(signal: AbortSignal, isKnown: boolean): Promise<void> {
    const queue = isKnown ? this.known : this.strangers;
    if (!isKnown && queue.size >= this.waitingStrangers) {
      throw new PiUnavailableError({
        reason: 'busy',
        message: 'Too many access tokens are waiting to be verified by Pi. Try again in a moment.',
      });
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        queue.delete(waiting);
        reject(signal.reason);
      };
      const done = () => signal.removeEventListener('abort', leave);
      const waiting: Waiting = {
        enter: () => (done(), resolve()),
        refuse: (reason) => (done(), reject(reason)),
      };
      signal.addEventListener('abort', leave, { once: true });
      queue.add(waiting);
    });
  }

  /** Hands the place on, or gives it back. */
  private next(): void {
    for (const queue of [this.known, this.strangers]) {
      for (const waiting of queue) {
        queue.delete(waiting);
        return waiting.enter();
      }
    }
    this.running -= 1;
  }
}

interface Waiting {
  enter(): void;
  refuse(reason: Error): void;
}

function shutDown(): PiUnavailableError {
  return new PiUnavailableError({
    reason: 'busy',
    message: 'The server is shutting down, so it verifies no access tokens any more. Try again in a moment.',
  });
}
