/** One run at a time for a key: whoever comes while it runs gets the same answer. */
export class SingleFlight<T> {
  readonly #running = new Map<string, Promise<T>>();

  run(key: string, work: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key);
    if (running) return running;
    const started = work().finally(() => this.#running.delete(key));
    this.#running.set(key, started);
    return started;
  }

  get size(): number {
    return this.#running.size;
  }

  /** Until everything that runs now has settled. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#running.values());
  }
}
