import type { FastifyInstance } from 'fastify';

/** Listens, or says in one sentence why it cannot and what to do. */
export async function listen(server: FastifyInstance, host: string, port: number): Promise<void> {
  try {
    await server.listen({ host, port });
  } catch (error) {
    await server.close();
    throw explain(error as NodeJS.ErrnoException, host, port);
  }
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new Error(
        `Port ${port} on ${host} is in use, perhaps by another pi-emulator: end that program, or choose another port ` +
          '(PI_EMULATOR_PORT=31416, --port 31416, or `port` of PiEmulator.start; 0 picks a free one).',
        { cause: error },
      );
    case 'EACCES':
      return new Error(`Port ${port} on ${host} may not be used by this user: choose one above 1023.`, {
        cause: error,
      });
    case 'EADDRNOTAVAIL':
      return new Error(`${host} is no address of this machine: leave the host out to listen on 127.0.0.1.`, {
        cause: error,
      });
    default:
      return error;
  }
}
