/** So many at a time; who comes then waits, in order of arrival. */
export class Turns {
  #taken = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(private readonly atATime: number) {}

  /** How many more could begin at once. */
  get free(): number {
    return this.atATime - this.#taken;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.#taken += 1;
    else await new Promise<void>((enter) => this.#waiting.push(enter));
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  /** Hands the turn on, or gives it back. */
  #next(): void {
    const enter = this.#waiting.shift();
    if (enter) enter();
    else this.#taken -= 1;
  }
}
