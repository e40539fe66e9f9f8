/** Waits for a condition, rather than for a time. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Still not so after ${timeoutMs} ms: ${String(condition)}`);
    await new Promise((wake) => setTimeout(wake, 25));
  }
}
