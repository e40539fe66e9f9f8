/** Runs `work` with these environment variables and no others. */
export async function inEnvironment<T>(work: () => Promise<T>, env: Record<string, string>): Promise<T> {
  const { env: before } = process;
  process.env = { ...env };
  try {
    return await work();
  } finally {
    process.env = before;
  }
}
