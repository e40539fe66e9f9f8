import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a condition instead of for a time: generously, as a slow machine is not a fault. */
export async function eventually<T>(look: () => T | Promise<T>, { withinMs = 30_000 } = {}): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      const seen = await look();
      if (seen !== false && seen !== undefined) return seen;
      if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${String(look)}`);
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await sleep(20);
  }
}
