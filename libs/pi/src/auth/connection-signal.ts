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
  const stay = onGone(connection, leave);
  try {
    return await work(controller.signal);
  } finally {
    stay();
  }
}

interface Waiting {
  readonly callers: Set<() => void>;
  readonly leaveAll: () => void;
}
const waiting = new WeakMap<Connection, Waiting>();

/** One listener a connection, however many requests a client pipelines on it: Node takes more than ten for a leak. */
function onGone(connection: Connection, leave: () => void): () => void {
  const { callers, leaveAll } = waiting.get(connection) ?? listen(connection);
  callers.add(leave);
  return () => {
    callers.delete(leave);
    if (callers.size > 0) return;
    connection.off('close', leaveAll);
    waiting.delete(connection);
  };
}

function listen(connection: Connection): Waiting {
  const callers = new Set<() => void>();
  const leaveAll = () => {
    for (const leave of callers) leave();
  };
  connection.once('close', leaveAll);
  const all = { callers, leaveAll };
  waiting.set(connection, all);
  return all;
}

/** An HttpException, for Nest logs any other as a fault of ours. 499 is what nginx calls it; nobody is left to read it. */
export function clientGone(): HttpException {
  return new HttpException({ statusCode: 499, message: 'The client has gone.' }, 499);
}
