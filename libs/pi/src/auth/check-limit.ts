import { PiUnavailableError } from '../errors/pi-unavailable-error.js';

/**
 * At most so many at a time, and at most so many waiting; whoever comes when that is full is told to come back.
 * Keeps a flood of invented tokens from exhausting sockets, memory or Pi.
 */
export class CheckLimit {
  private running = 0;
  /** In order of arrival; a Set, so that one who leaves is gone at once. */
  private readonly queue = new Set<() => void>();

  constructor(
    private readonly atATime: number,
    private readonly waiting: number,
  ) {}

  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    if (this.running >= this.atATime) await this.turn(signal);
    else this.running += 1;
    try {
      return await work();
    } finally {
      this.next();
    }
  }

  private turn(signal: AbortSignal): Promise<void> {
    if (this.queue.size >= this.waiting) {
      throw new PiUnavailableError({
        reason: 'busy',
        message: 'Too many access tokens are waiting to be verified by Pi. Try again in a moment.',
      });
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.queue.delete(enter);
        reject(signal.reason);
      };
      const enter = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      signal.addEventListener('abort', leave, { once: true });
      this.queue.add(enter);
    });
  }

  /** Hands the place on, or gives it back. */
  private next(): void {
    const [enter] = this.queue;
    if (!enter) {
      this.running -= 1;
      return;
    }
    this.queue.delete(enter);
    enter();
  }
}
