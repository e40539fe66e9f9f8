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

/** Lets nobody through while it is shut. */
export class Gate {
  #waiting: Promise<void> | undefined;
  #open: (() => void) | undefined;

  shut(): void {
    this.#waiting ??= new Promise((resolve) => (this.#open = resolve));
  }

  open(): void {
    this.#open?.();
    this.#waiting = undefined;
    this.#open = undefined;
  }

  async passed(): Promise<void> {
    while (this.#waiting) await this.#waiting;
  }
}
