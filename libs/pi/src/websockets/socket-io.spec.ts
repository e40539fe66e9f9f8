import { Logger, UseGuards } from '@nestjs/common';
import type { INestApplication, Type } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { Test } from '@nestjs/testing';
import { MessageBody, SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import type { OnGatewayInit } from '@nestjs/websockets';
import { PiAuthGuard, PiAuthService, PiModule, PiPublic, PiScopes, PiUser } from 'nestjs-pi';
import type { PiAuthOptions, Pioneer } from 'nestjs-pi';
import { piSocketMiddleware } from 'nestjs-pi/websockets';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from 'socket.io';
import { Manager, io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import { eventually } from '../../../../test/support/eventually.js';
import { StagedMe } from '../../../../test/support/staged-me.js';

const { accept, refuse } = StagedMe;

@WebSocketGateway()
@UseGuards(PiAuthGuard)
class MessagesOnly {
  @WebSocketServer() server!: Server;
  @SubscribeMessage('me')
  me(@PiUser() pioneer: Pioneer, @MessageBody() body: unknown) {
    return { uid: pioneer.uid, body };
  }
  @SubscribeMessage('wallet')
  @PiScopes('wallet_address')
  wallet() {
    return 'wallet';
  }
  @SubscribeMessage('public')
  @PiPublic()
  public(@PiUser('uid') uid: string | undefined) {
    return uid ?? 'public';
  }
}

@WebSocketGateway()
@UseGuards(PiAuthGuard)
class GuardedHandshake extends MessagesOnly implements OnGatewayInit {
  constructor(private readonly auth: PiAuthService) {
    super();
  }
  afterInit(server: Server): void {
    server.use(piSocketMiddleware(this.auth, { recheckMs: 50 }));
  }
}

@WebSocketGateway()
@UseGuards(PiAuthGuard)
class OfUnknownApp extends MessagesOnly implements OnGatewayInit {
  constructor(private readonly auth: PiAuthService) {
    super();
  }
  afterInit(server: Server): void {
    server.use(piSocketMiddleware(this.auth, { app: 'unknown' }));
  }
}

@WebSocketGateway()
@UseGuards(PiAuthGuard)
class HeldByAnother extends GuardedHandshake {
  readonly held: (() => void)[] = [];
  override afterInit(server: Server): void {
    super.afterInit(server);
    server.use((_socket, next) => void this.held.push(next));
  }
}

@WebSocketGateway()
@UseGuards(PiAuthGuard)
class HeldBefore extends GuardedHandshake {
  readonly held: (() => void)[] = [];
  override afterInit(server: Server): void {
    server.use((_socket, next) => void this.held.push(next));
    super.afterInit(server);
  }
}

@WebSocketGateway()
@UseGuards(PiAuthGuard)
class RefusedByAnother extends GuardedHandshake {
  override afterInit(server: Server): void {
    super.afterInit(server);
    server.use((_socket, next) => next(new Error('banned')));
  }
}

let pi: StagedMe;
let app: INestApplication;
const clients: Socket[] = [];

const FORGETFUL = { cacheMs: 100, negativeCacheMs: 0 };

async function start(gateway: Type<MessagesOnly>, serverOptions = {}, auth: PiAuthOptions = FORGETFUL): Promise<void> {
  const module = PiModule.forRoot({
    apiKey: 'key',
    network: 'testnet',
    platformUrl: pi.platformUrl,
    http: { retries: 0 },
    auth,
  });
  app = (await Test.createTestingModule({ imports: [module], providers: [gateway] }).compile()).createNestApplication();
  app.useWebSocketAdapter(new OptionedAdapter(app, serverOptions));
  await app.listen(0, '127.0.0.1');
}
class OptionedAdapter extends IoAdapter {
  constructor(
    app: INestApplication,
    private readonly options: object,
  ) {
    super(app);
  }
  override createIOServer(...[port, options]: Parameters<IoAdapter['createIOServer']>) {
    return super.createIOServer(port, { ...options, ...this.options } as never);
  }
}
async function connect(options: object): Promise<Socket> {
  const client = io(await app.getUrl(), { forceNew: true, reconnection: false, transports: ['websocket'], ...options });
  clients.push(client);
  return client;
}
const ask = (client: Socket, event: string, body: unknown = {}) =>
  new Promise<unknown>((answered) => {
    client.once('exception', (error: unknown) => answered({ exception: error }));
    client.emit(event, body, answered);
  });
const outcome = (client: Socket) =>
  new Promise<unknown>((known) => {
    client.once('connect', () => known('connected'));
    client.once('connect_error', (error) => known(error));
  });

beforeEach(async () => {
  pi = await StagedMe.start();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  await app.close();
  await pi.stop();
  jest.restoreAllMocks();
});

describe('PiAuthGuard on a socket.io gateway', () => {
  const ways: [string, object][] = [
    ['auth.token', { auth: { token: 'good' } }],
    ['the Authorization header', { extraHeaders: { authorization: 'Bearer good' } }],
  ];

  it.each(ways)('knows the Pioneer by %s of the handshake', async (_title, options) => {
    await start(MessagesOnly, {}, {});
    const client = await connect(options);
    expect(await ask(client, 'me', { some: 'body' })).toEqual({ uid: 'uid-of-good', body: { some: 'body' } });
    expect(await ask(client, 'me')).toMatchObject({ uid: 'uid-of-good' });
    expect(pi.calls).toEqual(['good']);
  });

  it.each<[string, () => void, object, string, object]>([
    ['no token', () => undefined, {}, 'me', { statusCode: 401, errorCode: 'PI_TOKEN_REFUSED' }],
    ['a refused token', () => (pi.behaviour = refuse), { token: 'bad' }, 'me', { statusCode: 401 }],
    [
      'a missing scope',
      () => undefined,
      { token: 'good' },
      'wallet',
      { statusCode: 403, errorCode: 'PI_SCOPE_MISSING' },
    ],
    ['Pi being down', () => (pi.behaviour = () => ({ status: 500 })), { token: 'good' }, 'me', { statusCode: 503 }],
  ])('tells the client of %s, in an exception it can read', async (_title, stage, auth, event, expected) => {
    stage();
    await start(MessagesOnly);
    expect(await ask(await connect({ auth }), event)).toEqual({ exception: expect.objectContaining(expected) });
  });

  it('leaves a public message open', async () => {
    await start(MessagesOnly);
    expect(await ask(await connect({}), 'public')).toBe('public');
  });

  it('knows nobody in a public message, whoever sent the one before', async () => {
    await start(MessagesOnly);
    const client = await connect({ auth: { token: 'ann' } });
    for (let i = 0; i < 2; i += 1) {
      expect(await ask(client, 'public')).toBe('public');
      expect(await ask(client, 'me')).toMatchObject({ uid: 'uid-of-ann' });
    }
  });

  it('checks each message: a token that Pi refuses meanwhile is refused', async () => {
    await start(MessagesOnly);
    const client = await connect({ auth: { token: 'good' } });
    await ask(client, 'me');
    pi.behaviour = refuse;
    await eventually(async () => JSON.stringify(await ask(client, 'me')).includes('PI_TOKEN_REFUSED'));
    expect(pi.callsFor('good')).toBeGreaterThanOrEqual(2);
  });
});

describe('piSocketMiddleware', () => {
  it('lets a Pioneer connect', async () => {
    await start(GuardedHandshake, {}, {});
    const client = await connect({ auth: { token: 'good' } });
    expect(await outcome(client)).toBe('connected');
    expect(await ask(client, 'me')).toMatchObject({ uid: 'uid-of-good' });
    expect(pi.calls).toEqual(['good']);
  });

  it.each<[string, () => void, object, object]>([
    ['without a token', () => undefined, {}, { statusCode: 401, errorCode: 'PI_TOKEN_REFUSED' }],
    ['with a refused token', () => (pi.behaviour = refuse), { token: 'bad' }, { statusCode: 401 }],
    [
      'while Pi is down',
      () => (pi.behaviour = () => ({ status: 500 })),
      { token: 'good' },
      { statusCode: 503, errorCode: 'PI_UNAVAILABLE', headers: { 'Retry-After': expect.any(String) } },
    ],
  ])('refuses the handshake %s, and says why', async (_title, stage, auth, data) => {
    stage();
    await start(GuardedHandshake);
    expect(await outcome(await connect({ auth }))).toMatchObject({ message: expect.any(String), data });
  });

  it('lets no broadcast reach a client before it is verified', async () => {
    await start(GuardedHandshake);
    pi.behaviour = () => 'hold';
    const client = await connect({ auth: { token: 'slow' } });
    const heard: unknown[] = [];
    client.on('news', (news) => heard.push(news));
    const connected = outcome(client);
    await eventually(() => pi.open === 1);
    app.get(GuardedHandshake).server.emit('news', 'before');
    pi.behaviour = accept;
    pi.release();
    expect(await connected).toBe('connected');
    app.get(GuardedHandshake).server.emit('news', 'after');
    await eventually(() => heard.length > 0);
    expect(heard).toEqual(['after']);
  });

  it.each<[string, () => unknown]>([
    ['when the token is forgotten', () => app.get(PiAuthService).forget('good')],
    ['when Pi refuses the token later', () => (pi.behaviour = refuse)],
  ])('closes the socket %s', async (_title, happen) => {
    await start(GuardedHandshake);
    const client = await connect({ auth: { token: 'good' } });
    await outcome(client);
    await happen();
    await eventually(() => client.disconnected);
    expect(client.disconnected).toBe(true);
  });

  it('closes the socket at valid_until', async () => {
    await start(GuardedHandshake);
    const answer = accept('short', { validForMs: 1_999 });
    pi.behaviour = () => answer;
    const client = await connect({ auth: { token: 'short' } });
    await outcome(client);
    const connectedAt = Date.now();
    await eventually(() => client.disconnected);
    expect(Date.now() - connectedAt).toBeLessThan(3_000);
  });

  it('keeps the socket while Pi cannot be asked', async () => {
    await start(GuardedHandshake);
    const client = await connect({ auth: { token: 'good' } });
    await outcome(client);
    pi.behaviour = () => ({ status: 500 });
    await eventually(() => pi.calls.length > 2);
    expect(client.connected).toBe(true);
  });

  it('lets go of the token when the client leaves before Pi has answered', async () => {
    await start(GuardedHandshake);
    pi.behaviour = () => 'hold';
    const checks = jest.spyOn(app.get(PiAuthService).forApp(), 'verify');
    const client = await connect({ auth: { token: 'gone' } });
    await eventually(() => pi.open === 1);
    client.disconnect();
    await expect(checks.mock.results[0]!.value).rejects.toThrow('The client has gone.');
    pi.behaviour = accept;
    pi.release();
    await eventually(() => app.get(PiAuthService).peek('gone'));
    expect(await laterCallsFor('gone')).toBe(0);
  });

  it('refuses the handshake when the token is forgotten while Pi is asked', async () => {
    await start(GuardedHandshake);
    pi.behaviour = () => 'hold';
    const client = await connect({ auth: { token: 'forgotten' } });
    const connected = outcome(client);
    await eventually(() => pi.open === 1);
    await app.get(PiAuthService).forget('forgotten');
    expect(await connected).toMatchObject({ data: { statusCode: 401, errorCode: 'PI_TOKEN_REFUSED' } });
  });

  it.each<[string, number, () => unknown]>([
    ['is forgotten', 3_600_000, () => app.get(PiAuthService).forget('good')],
    ['ends', 1_999, () => undefined],
    ['is refused', 3_600_000, () => (pi.behaviour = refuse)],
  ])('lets nobody connect whose token %s while another middleware thinks', async (_title, validForMs, happen) => {
    await start(HeldByAnother);
    const answer = accept('good', { validForMs });
    pi.behaviour = () => answer;
    const client = await connect({ auth: { token: 'good' } });
    const gone = new Promise((closed) => client.io.once('close', closed));
    const { held, server } = app.get(HeldByAnother);
    await eventually(() => held.length === 1);
    await happen();
    await gone;
    held[0]!();
    await sleep(50);
    expect(server.sockets.sockets.size).toBe(0);
    expect(client.connected).toBe(false);
  });

  it('asks nothing about a client that left while another middleware had its turn', async () => {
    await start(HeldBefore);
    const onForget = jest.spyOn(app.get(PiAuthService), 'onForget');
    const client = await connect({ auth: { token: 'good' } });
    const { held, server } = app.get(HeldBefore);
    await eventually(() => held.length === 1);
    client.disconnect();
    await eventually(() => server.engine.clientsCount === 0);
    held[0]!();
    await sleep(50);
    expect(onForget).not.toHaveBeenCalled();
    expect(pi.calls).toEqual([]);
  });

  it('refuses everybody when the app is not registered, tells the operator, and goes on', async () => {
    const errors = jest.spyOn(Logger.prototype, 'error').mockImplementation();
    await start(OfUnknownApp);
    const refused = await outcome(await connect({ auth: { token: 'good' } }));
    expect(refused).toMatchObject({ data: { statusCode: 500, errorCode: 'PI_CONFIGURATION' } });
    expect((refused as Error).message).not.toMatch(/unknown/);
    expect(errors).toHaveBeenCalledWith(expect.stringContaining(`PiModule.forRoot({ name: 'unknown', … })`));
  });

  it('lets go of the token when another middleware refuses the client', async () => {
    await start(RefusedByAnother);
    const client = await connect({ auth: { token: 'banned' } });
    expect(await outcome(client)).toMatchObject({ message: 'banned' });
    client.disconnect();
    expect(await laterCallsFor('banned')).toBe(0);
  });

  /** A socket asks again every 50 ms, and an answer is cached for 100. */
  const laterCallsFor = async (token: string) => {
    await eventually(() => app.get(PiAuthService).peek(token) === undefined);
    const asked = pi.callsFor(token);
    await sleep(300);
    return pi.callsFor(token) - asked;
  };

  it.each([{}, { skipMiddlewares: false }])(
    'lets nobody in with connectionStateRecovery %p, which sends what was missed before anybody is verified',
    async (connectionStateRecovery) => {
      const errors = jest.spyOn(Logger.prototype, 'error').mockImplementation();
      await start(GuardedHandshake, { connectionStateRecovery });
      expect(await outcome(await connect({ auth: { token: 'good' } }))).toMatchObject({
        data: { statusCode: 500, errorCode: 'PI_CONFIGURATION' },
      });
      expect(errors).toHaveBeenCalledWith(expect.stringContaining('Leave connectionStateRecovery out'));
    },
  );

  it('leaves the other namespaces of the connection alone', async () => {
    await start(GuardedHandshake);
    const { server } = app.get(GuardedHandshake);
    server.of('/game').use(piSocketMiddleware(app.get(PiAuthService)) as never);
    const manager = new Manager(await app.getUrl(), { reconnection: false, transports: ['websocket'] });
    const chat = manager.socket('/', { auth: { token: 'ann' } });
    const game = manager.socket('/game', { auth: { token: 'bob' } });
    clients.push(chat, game);
    expect(await Promise.all([outcome(chat), outcome(game)])).toEqual(['connected', 'connected']);
    await app.get(PiAuthService).forget('ann');
    await eventually(() => chat.disconnected);
    expect(game.connected).toBe(true);
    await app.get(PiAuthService).forget('bob');
    await eventually(() => game.disconnected);
  });

  describe('on a namespace whose connection another one shares', () => {
    let chat: Socket;
    let root: Socket;
    let server: Server;
    const join = async (auth: object, ...others: ((next: (error?: Error) => void) => void)[]) => {
      await start(MessagesOnly);
      server = app.get(MessagesOnly).server;
      const namespace = server.of('/chat').use(piSocketMiddleware(app.get(PiAuthService), { recheckMs: 50 }) as never);
      for (const other of others) namespace.use((_socket, next) => other(next));
      const manager = new Manager(await app.getUrl(), { reconnection: false, transports: ['websocket'] });
      root = manager.socket('/');
      expect(await outcome(root)).toBe('connected');
      chat = manager.socket('/chat', { auth });
      clients.push(root, chat);
    };
    const listeners = () => {
      const [connection] = [...server.sockets.sockets.values()].map(({ conn }) => conn);
      return connection!.listenerCount('close');
    };

    it.each<[string, () => void, ((next: (error?: Error) => void) => void)[]]>([
      ['Pi', () => (pi.behaviour = refuse), []],
      ['another middleware', () => undefined, [(next) => next(new Error('banned'))]],
    ])('leaves nothing behind of a client that %s refuses again and again', async (_who, stage, others) => {
      stage();
      await join({ token: 'again' }, ...others);
      expect(await outcome(chat)).toBeInstanceOf(Error);
      const usual = listeners();
      for (let i = 0; i < 12; i += 1) {
        const refused = outcome(chat.disconnect().connect());
        expect(await refused).toBeInstanceOf(Error);
      }
      expect(listeners()).toBeLessThanOrEqual(usual);
      await app.get(PiAuthService).forget('again');
      const asked = pi.callsFor('again');
      await sleep(300);
      expect(pi.callsFor('again')).toBe(asked);
      expect(root.connected).toBe(true);
    });

    it('lets nobody connect whose token is forgotten while another middleware thinks, and keeps the other one', async () => {
      const held: (() => void)[] = [];
      await join({ token: 'forgotten' }, (next) => void held.push(next));
      await eventually(() => held.length === 1);
      await app.get(PiAuthService).forget('forgotten');
      held[0]!();
      await sleep(50);
      expect(server.of('/chat').sockets.size).toBe(0);
      expect([chat.connected, root.connected]).toEqual([false, true]);
    });
  });

  it.each([Number.NaN, 0, -1])('refuses recheckMs %p at once', (recheckMs) => {
    expect(() => piSocketMiddleware({} as never, { recheckMs })).toThrow(`recheckMs is ${recheckMs}`);
  });
});
