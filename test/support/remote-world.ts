import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface StagedAnswer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** Objects are written as JSON. */
  readonly body?: unknown;
}

/** An answer, or whatever else a server may do to a request. */
export type Stage = StagedAnswer | ((request: IncomingMessage, response: ServerResponse) => void);

/** A real HTTP server that answers what the test says, in turn; the last answer stays. Remembers what it was asked. */
export class RemoteWorld {
  readonly requests: SeenRequest[] = [];
  private stages: Stage[] = [{ status: 200, body: {} }];
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void this.answer(request, response));
  }

  static async start(): Promise<RemoteWorld> {
    const server = createServer();
    const world = new RemoteWorld(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return world;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Connections that are open at the moment. */
  get connections(): number {
    return this.sockets.size;
  }

  answers(...stages: Stage[]): void {
    this.stages = stages;
    this.requests.length = 0;
  }

  get last(): SeenRequest {
    const request = this.requests.at(-1);
    if (!request) throw new Error('nothing was asked');
    return request;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url = '', headers } = request;
    this.requests.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
    const stage = this.stages.length > 1 ? this.stages.shift() : this.stages[0];
    if (typeof stage === 'function') {
      stage(request, response);
      return;
    }
    const text = typeof stage?.body === 'string' ? stage.body : JSON.stringify(stage?.body ?? '');
    response.writeHead(stage?.status ?? 200, { 'Content-Type': 'application/json', ...stage?.headers });
    response.end(stage?.body === undefined ? '' : text);
  }
}
