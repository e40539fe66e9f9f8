import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StagedAnswer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** What Pi would say of a token; `'hold'` keeps the caller waiting until `release()`. */
export type StagedBehaviour = (token: string) => StagedAnswer | 'hold';

/** `GET /me` under the test's control: answers on demand, doors held shut, calls counted. What the emulator's faults cannot stage. */
export class StagedMe {
  behaviour: StagedBehaviour = (token) => StagedMe.accept(token);
  /** Tokens asked for, in order. */
  readonly calls: string[] = [];
  /** Calls under way now, and the most there have been. */
  open = 0;
  most = 0;
  /** Calls the other side gave up. */
  aborted = 0;
  private readonly held: { token: string; response: ServerResponse }[] = [];

  private constructor(
    private readonly server: Server,
    readonly platformUrl: string,
  ) {}

  static async start(): Promise<StagedMe> {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const staged = new StagedMe(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2`);
    server.on('request', (request, response) => {
      const token = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
      staged.calls.push(token);
      staged.most = Math.max(staged.most, (staged.open += 1));
      response.once('close', () => {
        staged.open -= 1;
        if (!response.writableFinished) staged.aborted += 1;
      });
      staged.answer(token, response);
    });
    return staged;
  }

  static accept(token: string, { validForMs = 3_600_000, ...user }: Record<string, unknown> = {}): StagedAnswer {
    const timestamp = Math.floor((Date.now() + Number(validForMs)) / 1_000);
    const valid_until = { timestamp, iso8601: new Date(timestamp * 1_000).toISOString() };
    const credentials = { scopes: ['username', 'payments'], valid_until };
    return { status: 200, body: { uid: `uid-of-${token}`, username: `name-of-${token}`, credentials, ...user } };
  }

  static refuse(): StagedAnswer {
    return { status: 401 };
  }

  callsFor(token: string): number {
    return this.calls.filter((call) => call === token).length;
  }

  /** Answers everyone who is being held by what `behaviour` says now. */
  release(): void {
    for (const { token, response } of this.held.splice(0)) this.answer(token, response);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private answer(token: string, response: ServerResponse): void {
    const answer = this.behaviour(token);
    if (answer === 'hold') {
      this.held.push({ token, response });
      return;
    }
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
  }
}
