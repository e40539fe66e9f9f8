/** One check under way, and how many wait for it. */
export class Flight<T> {
  readonly answer: Promise<T>;
  /** True once `forget` was called meanwhile: the answer goes to those who wait and is not remembered. */
  forgotten = false;
  private readonly controller = new AbortController();
  private waiting = 0;
  private begun = false;

  constructor(work: (flight: Flight<T>) => Promise<T>) {
    this.answer = Promise.resolve(this).then(work);
    // Whoever waits hears of a failure; when all have left, nobody has to.
    this.answer.catch(() => undefined);
  }

  /** Aborted when the last one has left before {@link begin}. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Pi works on it from now on, and would not stop for us: it goes on even if all leave, and whoever comes may join it. */
  begin(): void {
    this.begun = true;
  }

  wait(signal: AbortSignal | undefined): Promise<T> {
    this.waiting += 1;
    if (!signal) return this.answer;
    return new Promise<T>((resolve, reject) => {
      const leave = () => {
        reject(signal.reason);
        if (--this.waiting === 0 && !this.begun) this.controller.abort(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
    });
  }
}

/**
 * One check a token, however many requests wait for it. A request that is aborted leaves alone; the check is aborted only
 * when nobody waits any more and Pi does not know of it yet.
 */
export class SharedChecks<T> {
  private readonly flights = new Map<string, Flight<T>>();
  /** Those that nobody waits for any more, but that cannot be stopped: what they find out must not outlive a `forget`. */
  private readonly abandoned = new Map<Flight<T>, string>();

  join(key: string, work: (flight: Flight<T>) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return (this.flights.get(key) ?? this.start(key, work)).wait(signal);
  }

  /** Whoever comes from now on starts a check of their own. */
  forget(key: string): void {
    const flight = this.flights.get(key);
    if (flight) flight.forgotten = true;
    this.flights.delete(key);
    for (const [left, keyOfLeft] of this.abandoned) left.forgotten ||= keyOfLeft === key;
  }

  private start(key: string, work: (flight: Flight<T>) => Promise<T>): Flight<T> {
    const flight = new Flight(work);
    this.flights.set(key, flight);
    const leave = () => {
      if (this.flights.get(key) === flight) this.flights.delete(key);
    };
    const abandon = () => {
      leave();
      this.abandoned.set(flight, key);
    };
    const land = () => {
      leave();
      this.abandoned.delete(flight);
    };
    flight.signal.addEventListener('abort', abandon, { once: true });
    flight.answer.then(land, land);
    return flight;
  }
}
