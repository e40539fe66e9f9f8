import Fastify from 'fastify';
import type { AddressInfo } from 'node:net';
import type { Chain } from '../chain/chain.js';
import { chainControlRoutes } from '../control/chain.routes.js';
import { installControl } from '../control/control-scope.js';
import { installCutOff } from '../cut-off.js';
import { horizonRoutes } from './horizon.routes.js';

export interface Answer {
  status: number;
  type: string;
  headers: Headers;
  // Whatever Horizon says: the specs look at it by matchers.
  // oxlint-disable-next-line typescript/no-explicit-any
  body: any;
}

/** A bare server with Horizon and the chain's control routes, as another process would meet them. */
export class HorizonFixture {
  private constructor(
    readonly url: string,
    readonly close: () => Promise<void>,
  ) {}

  static async open(chain: Chain): Promise<HorizonFixture> {
    const app = Fastify();
    installCutOff(app);
    app.register(horizonRoutes, { chain });
    app.register(
      async (scope) => {
        installControl(scope);
        chainControlRoutes(scope, chain);
      },
      { prefix: '/_emulator/chain' },
    );
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as AddressInfo;
    return new HorizonFixture(`http://127.0.0.1:${port}`, async () => {
      chain.stop();
      await app.close();
    });
  }

  async get(path: string): Promise<Answer> {
    return read(await fetch(path.startsWith('http') ? path : this.url + path));
  }

  async submit(envelopeXdr: string): Promise<Answer> {
    return read(
      await fetch(`${this.url}/transactions`, { method: 'POST', body: new URLSearchParams({ tx: envelopeXdr }) }),
    );
  }

  /** A call of the control API. */
  async control(name: string, body: unknown = {}): Promise<Answer> {
    return read(
      await fetch(`${this.url}/_emulator/chain/${name}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    );
  }
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  const type = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
  return {
    status: response.status,
    type,
    headers: response.headers,
    body: type.endsWith('json') ? JSON.parse(text) : text,
  };
}
