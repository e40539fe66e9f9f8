import { ApolloDriver } from '@nestjs/apollo';
import type { ApolloDriverConfig } from '@nestjs/apollo';
import { Logger, UseGuards } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { GraphQLModule, Query, Resolver, Subscription } from '@nestjs/graphql';
import { createClient } from 'graphql-ws';
import type { Client } from 'graphql-ws';
import { PiAuthGuard, PiAuthService, PiConfigurationError, PiModule, PiUser } from 'nestjs-pi';
import { admitGraphqlSocket } from 'nestjs-pi/websockets';
import type { PiSocketOptions } from 'nestjs-pi/websockets';
import { WebSocket } from 'ws';
import { ADAPTERS, listen } from '../../../../test/support/adapters.js';
import { eventually } from '../../../../test/support/eventually.js';
import { StagedMe } from '../../../../test/support/staged-me.js';

const { accept, refuse } = StagedMe;

/** Tells subscribers who they are, and counts them. */
class Ticker {
  running = 0;
  async *ticks(uid: string) {
    this.running += 1;
    try {
      for (;;) {
        yield { ticks: uid };
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    } finally {
      this.running -= 1;
    }
  }
}

@Resolver()
@UseGuards(PiAuthGuard)
class TicksResolver {
  constructor(private readonly ticker: Ticker) {}
  @Query(() => String)
  me(@PiUser('uid') uid: string): string {
    return uid;
  }
  @Subscription(() => String)
  ticks(@PiUser('uid') uid: string) {
    return this.ticker.ticks(uid);
  }
}

let pi: StagedMe;
let app: INestApplication;
let url: string;
let options: PiSocketOptions;
const clients: Client[] = [];

describe.each(ADAPTERS)('admitGraphqlSocket over %s', (_name, Adapter) => {
  beforeEach(async () => {
    pi = await StagedMe.start();
    options = {};
    ({ app, url } = await listen(Adapter, {
      imports: [
        PiModule.forRoot({
          apiKey: 'key',
          network: 'testnet',
          platformUrl: pi.platformUrl,
          http: { retries: 0 },
          auth: { cacheMs: 100, negativeCacheMs: 0 },
        }),
        GraphQLModule.forRootAsync<ApolloDriverConfig>({
          driver: ApolloDriver,
          inject: [PiAuthService],
          useFactory: (auth: PiAuthService) => ({
            autoSchemaFile: true,
            graphiql: false,
            subscriptions: { 'graphql-ws': { onConnect: (context) => admitGraphqlSocket(auth, context, options) } },
          }),
        }),
      ],
      providers: [TicksResolver, Ticker],
    }));
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.dispose();
    await app.close();
    await pi.stop();
    jest.restoreAllMocks();
  });

  function subscribe(connectionParams?: Record<string, unknown>) {
    const client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      ...(connectionParams && { connectionParams }),
    });
    clients.push(client);
    const heard: { values: unknown[]; closed?: { code: number; reason: string } } = { values: [] };
    client.on('closed', (event) => {
      const { code, reason } = event as { code: number; reason: string };
      heard.closed = { code, reason };
    });
    client.subscribe(
      { query: 'subscription { ticks }' },
      {
        next: ({ data, errors }) => heard.values.push(errors ?? data),
        error: () => undefined,
        complete: () => undefined,
      },
    );
    return heard;
  }

  it.each<[string, Record<string, unknown>]>([
    ['authorization', { authorization: 'Bearer good' }],
    ['token', { token: 'good' }],
  ])('lets a Pioneer subscribe, by `%s` of connectionParams', async (_title, params) => {
    const heard = subscribe(params);
    await eventually(() => heard.values.length > 1);
    expect(heard.values[0]).toEqual({ ticks: 'uid-of-good' });
    expect(heard.closed).toBeUndefined();
  });

  const down = () => (pi.behaviour = () => ({ status: 500 }));
  it.each<[string, () => void, Record<string, unknown> | undefined, object]>([
    ['without connectionParams', () => undefined, undefined, { code: 1008, reason: 'PI_TOKEN_REFUSED' }],
    ['without a token', () => undefined, { token: 7 }, { code: 1008, reason: 'PI_TOKEN_REFUSED' }],
    [
      'with a refused token',
      () => (pi.behaviour = refuse),
      { token: 'bad' },
      { code: 1008, reason: 'PI_TOKEN_REFUSED' },
    ],
    ['while Pi is down', down, { token: 'good' }, { code: 1013, reason: 'PI_UNAVAILABLE' }],
  ])('closes the socket of a subscriber %s', async (_title, stage, params, expected) => {
    stage();
    const heard = subscribe(params);
    expect(await eventually(() => heard.closed)).toEqual(expected);
    expect(heard.values).toEqual([]);
    expect(app.get(Ticker).running).toBe(0);
  });

  it.each<[string, () => unknown, object]>([
    ['is forgotten', () => app.get(PiAuthService).forget('good'), {}],
    ['is refused by Pi at a later check', () => (pi.behaviour = refuse), {}],
    ['has reached its end', () => undefined, { validForMs: 2_000 }],
  ])('ends its subscriptions when the token %s', async (_title, end, validity) => {
    options = { recheckMs: 50 };
    let accepted: ReturnType<typeof accept> | undefined;
    pi.behaviour = () => (accepted ??= accept('good', { ...validity }));
    const heard = subscribe({ token: 'good' });
    await eventually(() => heard.values.length > 0);
    await end();
    expect(await eventually(() => heard.closed)).toEqual({ code: 1008, reason: 'PI_TOKEN_REFUSED' });
    await eventually(() => app.get(Ticker).running === 0);
  });

  it('closes the socket on a fault of our own, which only the log tells', async () => {
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation();
    options = { app: 'unknown' };
    const heard = subscribe({ token: 'good' });
    expect(await eventually(() => heard.closed)).toMatchObject({ code: 1011 });
    expect(logged).toHaveBeenCalledWith(expect.objectContaining({ message: expect.stringContaining('unknown') }));
  });
});

it.each([undefined, {}, { socket: {} }])('says what is wrong when the context holds no socket: %p', async (extra) => {
  const refused = await admitGraphqlSocket({} as PiAuthService, { extra }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(PiConfigurationError);
  expect((refused as Error).message).toMatch(/onConnect/);
});
