import type { Connection } from './transports/transport.js';

/** Runs work with a signal that is aborted when the caller goes away. */
export async function whileConnected<T>(
  connection: Connection | undefined,
  work: (signal?: AbortSignal) => Promise<T>,
): Promise<T> {
  if (!connection) return work();
  const controller = new AbortController();
  const leave = () => controller.abort();
  if (connection.destroyed) leave();
  connection.once('close', leave);
  try {
    return await work(controller.signal);
  } finally {
    connection.off('close', leave);
  }
}
