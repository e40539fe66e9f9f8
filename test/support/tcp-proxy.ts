import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A cable between a client and a server on 127.0.0.1 that a test can cut, or let go silent. */
export class TcpProxy {
  readonly #pairs = new Set<[Socket, Socket]>();
  #mode: 'pass' | 'silent' | 'refuse' = 'pass';

  private constructor(
    private readonly target: { host: string; port: number },
    private readonly server = createServer({ allowHalfOpen: false }),
  ) {
    server.on('connection', (client) => this.#join(client));
  }

  static async to(host: string, port: number): Promise<TcpProxy> {
    const proxy = new TcpProxy({ host, port });
    await once(proxy.server.listen(0, '127.0.0.1'), 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Bytes vanish both ways, as behind a firewall that forgot the connection. New connections open and hear nothing. */
  silence(): void {
    this.#mode = 'silent';
    for (const [client, server] of this.#pairs) {
      client.unpipe();
      server.unpipe();
      client.resume();
      server.resume();
    }
  }

  /** Ends every connection and every new one at once, as a server that restarts. */
  cut(): void {
    this.#mode = 'refuse';
    this.#drop();
  }

  /** Works again; connections that went silent do not come back. */
  mend(): void {
    this.#mode = 'pass';
    this.#drop();
  }

  async stop(): Promise<void> {
    this.#drop();
    await new Promise((resolve) => void this.server.close(resolve));
  }

  #drop(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  #join(client: Socket): void {
    if (this.#mode === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const server = connect(this.target);
    const pair: [Socket, Socket] = [client, server];
    this.#pairs.add(pair);
    const end = () => {
      this.#pairs.delete(pair);
      for (const socket of pair) socket.destroy();
    };
    for (const socket of pair) socket.on('error', end).on('close', end);
    if (this.#mode === 'pass') {
      client.pipe(server);
      server.pipe(client);
    }
  }
}
