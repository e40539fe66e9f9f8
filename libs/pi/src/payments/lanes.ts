import { PiUnavailableError } from '../errors/pi-unavailable-error.js';

const RETRY_AFTER_MS = 1_000;

/** So much at a time in each lane, and no queue: whoever finds a lane full is told to come again. */
export class Lanes {
  readonly #running = new Map<string, number>();

  /** @param message for whoever is turned away. */
  constructor(private readonly message: string) {}

  /** @throws PiUnavailableError `atATime` are running in this lane. */
  async run<T>(lane: string, atATime: number, work: () => Promise<T>): Promise<T> {
    const running = this.#running.get(lane) ?? 0;
    if (running >= atATime) {
      throw new PiUnavailableError({ reason: 'busy', message: this.message, retryAfterMs: RETRY_AFTER_MS });
    }
    this.#running.set(lane, running + 1);
    try {
      return await work();
    } finally {
      const left = (this.#running.get(lane) ?? 1) - 1;
      if (left === 0) this.#running.delete(lane);
      else this.#running.set(lane, left);
    }
  }
}
