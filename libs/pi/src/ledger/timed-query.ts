/** A `PiQuery` whose caller may say how long it waits for the answer. */
export type TimedQuery = <Row = Record<string, unknown>>(
  text: string,
  values?: readonly unknown[],
  timeoutMs?: number,
) => Promise<{ rows: Row[] }>;

/** A `PiTransactionRunner` that keeps to the ledger's times. */
export interface TimedRunner<Handle> {
  run<T>(work: (query: TimedQuery, handle: Handle) => Promise<T>): Promise<T>;
}
