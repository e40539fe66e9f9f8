/** What a loop sleeps on: until somebody rings, or a time has passed. A ring while nobody sleeps is not lost. */
export class Wake {
  #rung = false;
  #sleeper: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#sleeper?.();
  }

  async sleep(ms: number): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#sleeper = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#sleeper = undefined;
    }
    this.#rung = false;
  }
}
