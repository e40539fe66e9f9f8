import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An answer that has been given and has not arrived: `reached` once it is here, and on its way again when let go. */
export interface HeldAnswer {
  readonly reached: Promise<void>;
  release(): void;
}

/** Stands between a client and an HTTP server on 127.0.0.1, and can keep an answer back while the world goes on. */
export class HeldAnswers {
  readonly #held: { path: string; reach: () => void; released: Promise<void> }[] = [];
  readonly #server: Server;

  private constructor(target: URL) {
    this.#server = createServer((incoming, outgoing) => {
      const { method, headers, url = '/' } = incoming;
      const onward = request({ host: target.hostname, port: target.port, path: url, method, headers }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => void this.#pass(url, () => answered(Buffer.concat(chunks))));
        const answered = (body: Buffer) => outgoing.writeHead(answer.statusCode!, answer.headers).end(body);
      });
      onward.on('error', () => outgoing.destroy());
      incoming.pipe(onward);
    });
  }

  static async before(url: string): Promise<HeldAnswers> {
    const held = new HeldAnswers(new URL(url));
    await once(held.#server.listen(0, '127.0.0.1'), 'listening');
    return held;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The next answer about a path that holds this. */
  hold(path: string): HeldAnswer {
    let reach = () => {};
    let release = () => {};
    const reached = new Promise<void>((resolve) => (reach = resolve));
    const released = new Promise<void>((resolve) => (release = resolve));
    this.#held.push({ path, reach, released });
    return { reached, release };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => void this.#server.close(resolve));
  }

  async #pass(url: string, answer: () => void): Promise<void> {
    const index = this.#held.findIndex(({ path }) => url.includes(path));
    const [held] = index < 0 ? [] : this.#held.splice(index, 1);
    held?.reach();
    await held?.released;
    answer();
  }
}
