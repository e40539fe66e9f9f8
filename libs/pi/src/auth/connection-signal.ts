import { HttpException } from '@nestjs/common';
import type { Connection } from './transports/transport.js';

/** Runs work with a signal that is aborted when the caller goes away. */
export async function whileConnected<T>(
  connection: Connection | undefined,
  work: (signal?: AbortSignal) => Promise<T>,
): Promise<T> {
  if (!connection) return work();
  const controller = new AbortController();
  const leave = () => controller.abort(clientGone());
  if (connection.destroyed) leave();
  connection.once('close', leave);
  try {
    return await work(controller.signal);
  } finally {
    connection.off('close', leave);
  }
}

/** An HttpException, for Nest logs any other as a fault of ours. 499 is what nginx calls it; nobody is left to read it. */
export function clientGone(): HttpException {
  return new HttpException({ statusCode: 499, message: 'The client has gone.' }, 499);
}
