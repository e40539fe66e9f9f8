/**
 * Settles like `work`, or rejects with the signal's reason. Work that was begun goes on: nothing is left halfway because
 * somebody stopped waiting.
 */
export async function untilAborted<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work();
  signal.throwIfAborted();
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  const begun = work();
  // After an abort nobody hears of its failure, which must not end the process.
  begun.catch(() => undefined);
  try {
    return await Promise.race([begun, aborted]);
  } finally {
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}
