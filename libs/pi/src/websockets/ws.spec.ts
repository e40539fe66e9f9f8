import { Logger, UseGuards } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { Test } from '@nestjs/testing';
import { SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import type { OnGatewayConnection } from '@nestjs/websockets';
import { PiAuthGuard, PiAuthService, PiModule, PiScopes, PiUser } from 'nestjs-pi';
import type { PiAuthOptions } from 'nestjs-pi';
import { admitWsSocket } from 'nestjs-pi/websockets';
import type { PiWsOptions } from 'nestjs-pi/websockets';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { Server } from 'ws';
import { Keyv } from 'keyv';
import { eventually } from '../../../../test/support/eventually.js';
import { startSignIn } from '../../../../test/support/sign-in.js';
import { StagedMe } from '../../../../test/support/staged-me.js';

const { accept, refuse } = StagedMe;

@WebSocketGateway({ path: '/ws' })
@UseGuards(PiAuthGuard)
class Gateway implements OnGatewayConnection {
  @WebSocketServer() server!: Server;
  admitted: string[] = [];
  options: PiWsOptions = {};
  constructor(private readonly auth: PiAuthService) {}
  async handleConnection(client: WebSocket, request: IncomingMessage): Promise<void> {
    const pioneer = await admitWsSocket(this.auth, client, request, { recheckMs: 50, ...this.options });
    if (pioneer) this.admitted.push(pioneer.uid);
  }
  @SubscribeMessage('me')
  me(@PiUser('uid') uid: string) {
    return { event: 'me', data: { uid } };
  }
  @SubscribeMessage('wallet')
  @PiScopes('wallet_address')
  wallet() {
    return { event: 'wallet', data: {} };
  }
}

class Client {
  readonly heard: { event: string; data: unknown }[] = [];
  closed: { code: number; reason: string } | undefined;
  constructor(readonly socket: WebSocket) {
    socket.on('message', (data) => this.heard.push(JSON.parse(String(data)) as never));
    socket.on('close', (code, reason) => (this.closed = { code, reason: String(reason) }));
    socket.on('error', () => undefined);
  }
  async ask(event: string): Promise<unknown> {
    const already = this.heard.length;
    this.socket.send(JSON.stringify({ event, data: {} }));
    return eventually(() => this.heard[already]);
  }
  opened = () => eventually(() => this.socket.readyState === WebSocket.OPEN);
}

let pi: StagedMe;
let app: INestApplication;
let url: string;
let gateway: Gateway;
const clients: Client[] = [];

const FORGETFUL = { cacheMs: 100, negativeCacheMs: 0 };

async function start(auth: PiAuthOptions): Promise<void> {
  const module = PiModule.forRoot({
    apiKey: 'key',
    network: 'testnet',
    platformUrl: pi.platformUrl,
    http: { retries: 0 },
    auth,
  });
  const testing = await Test.createTestingModule({ imports: [module], providers: [Gateway] }).compile();
  app = testing.createNestApplication();
  app.useWebSocketAdapter(new WsAdapter(app));
  await app.listen(0, '127.0.0.1');
  url = `${(await app.getUrl()).replace('http', 'ws')}/ws`;
  gateway = app.get(Gateway);
}

beforeEach(async () => {
  pi = await StagedMe.start();
  await start(FORGETFUL);
});
afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.terminate();
  await app.close();
  await pi.stop();
});

const byHeader = (token: string) => connect(new WebSocket(url, { headers: { authorization: `Bearer ${token}` } }));
const asBrowser = (token: string) => connect(new WebSocket(url, ['bearer', token]));
function connect(socket: WebSocket): Client {
  const client = new Client(socket);
  clients.push(client);
  return client;
}

describe('a ws gateway with admitWsSocket and PiAuthGuard', () => {
  it.each([
    ['the Authorization header', byHeader],
    ['the subprotocol, as browsers must', asBrowser],
  ])('knows the Pioneer by %s', async (_title, open) => {
    await app.close();
    await start({});
    const client = open('good');
    await client.opened();
    expect(await client.ask('me')).toEqual({ event: 'me', data: { uid: 'uid-of-good' } });
    expect(pi.calls).toEqual(['good']);
  });

  it('answers a message that comes before Pi has answered', async () => {
    await app.close();
    await start({});
    pi.behaviour = () => 'hold';
    const client = byHeader('slow');
    await client.opened();
    const answer = client.ask('me');
    await eventually(() => pi.open === 1);
    pi.behaviour = accept;
    pi.release();
    expect(await answer).toEqual({ event: 'me', data: { uid: 'uid-of-slow' } });
    expect(pi.calls).toEqual(['slow']);
  });

  it.each<[string, () => Client, () => void, object]>([
    ['without a token', () => connect(new WebSocket(url)), () => undefined, { code: 1008, reason: 'PI_TOKEN_REFUSED' }],
    ['with a refused token', () => byHeader('bad'), () => (pi.behaviour = refuse), { code: 1008 }],
    [
      'while Pi is down',
      () => byHeader('good'),
      () => (pi.behaviour = () => ({ status: 500 })),
      { code: 1013, reason: 'PI_UNAVAILABLE' },
    ],
  ])('closes a socket %s, and says why', async (_title, open, stage, closed) => {
    stage();
    const client = open();
    expect(await eventually(() => client.closed)).toMatchObject(closed);
    expect(gateway.admitted).toEqual([]);
  });

  it('tells the client of a missing scope, in an exception it can read', async () => {
    const client = byHeader('good');
    await client.opened();
    await eventually(() => gateway.admitted.length === 1);
    expect(await client.ask('wallet')).toMatchObject({
      event: 'exception',
      data: { statusCode: 403, errorCode: 'PI_SCOPE_MISSING', scopes: ['wallet_address'] },
    });
  });

  it('lets no broadcast reach a client before it is verified', async () => {
    pi.behaviour = () => 'hold';
    const client = byHeader('slow');
    await client.opened();
    await eventually(() => pi.open === 1);
    const broadcast = (data: string) => {
      for (const each of gateway.server.clients) each.send(JSON.stringify({ event: 'news', data }));
    };
    expect(gateway.server.clients.size).toBe(1);
    broadcast('before');
    pi.behaviour = accept;
    pi.release();
    await eventually(() => gateway.admitted.length === 1);
    broadcast('after');
    await eventually(() => client.heard.length > 0);
    expect(client.heard).toEqual([{ event: 'news', data: 'after' }]);
  });

  it.each<[string, () => unknown]>([
    ['when the token is forgotten', () => app.get(PiAuthService).forget('good')],
    ['when Pi refuses the token later', () => (pi.behaviour = refuse)],
  ])('closes the socket %s', async (_title, happen) => {
    const client = byHeader('good');
    await eventually(() => gateway.admitted.length === 1);
    await happen();
    expect(await eventually(() => client.closed)).toEqual({ code: 1008, reason: 'PI_TOKEN_REFUSED' });
  });

  it('closes the socket at valid_until', async () => {
    const answer = accept('short', { validForMs: 1_999 });
    pi.behaviour = () => answer;
    const client = byHeader('short');
    await eventually(() => gateway.admitted.length === 1);
    expect(await eventually(() => client.closed)).toMatchObject({ code: 1008 });
  });

  it('admits nobody who left while Pi was asked', async () => {
    pi.behaviour = () => 'hold';
    const checks = jest.spyOn(app.get(PiAuthService).forApp(), 'verify');
    const client = byHeader('gone');
    await client.opened();
    await eventually(() => pi.open === 1);
    client.socket.terminate();
    await expect(checks.mock.results[0]!.value).rejects.toThrow('The client has gone.');
    pi.behaviour = accept;
    pi.release();
    await eventually(() => app.get(PiAuthService).peek('gone'));
    expect(gateway.admitted).toEqual([]);
  });

  it('closes a socket whose token is forgotten while Pi is asked', async () => {
    pi.behaviour = () => 'hold';
    const client = byHeader('forgotten');
    await client.opened();
    await eventually(() => pi.open === 1);
    await app.get(PiAuthService).forget('forgotten');
    expect(await eventually(() => client.closed)).toEqual({ code: 1008, reason: 'PI_TOKEN_REFUSED' });
    expect(gateway.admitted).toEqual([]);
  });

  it.each<[string, PiWsOptions]>([
    ['the app is not registered', { app: 'unknown' }],
    ['recheckMs is no time', { recheckMs: Number.NaN }],
    [
      'the option `token` throws',
      {
        token: () => {
          throw new Error('no cookie');
        },
      },
    ],
  ])('closes the socket and goes on when %s', async (_title, options) => {
    const errors = jest.spyOn(Logger.prototype, 'error').mockImplementation();
    gateway.options = options;
    const client = byHeader('good');
    expect(await eventually(() => client.closed)).toMatchObject({ code: 1011 });
    expect(errors).toHaveBeenCalledTimes(1);
    jest.restoreAllMocks();
  });

  it('closes the socket within a second when another instance with the same store forgets its token, though Pi still accepts it', async () => {
    const store = new Keyv();
    await app.close();
    await start({ store });
    gateway.options = { recheckMs: 60_000 };
    const another = await startSignIn(pi, { store });
    const client = byHeader('good');
    await eventually(() => gateway.admitted.length === 1);
    await another.auth.forget('good');
    expect(await eventually(() => client.closed, { withinMs: 1_500 })).toEqual({
      code: 1008,
      reason: 'PI_TOKEN_REFUSED',
    });
    // That was before: the same Pioneer may come back.
    byHeader('good');
    await eventually(() => gateway.admitted.length === 2);
    await another.app.close();
  });

  it('closes the socket on a forget elsewhere also when the cache has no room for its token', async () => {
    const store = new Keyv();
    await app.close();
    await start({ store, cacheSize: 1 });
    gateway.options = { recheckMs: 60_000 };
    const another = await startSignIn(pi, { store });
    const client = byHeader('good');
    await eventually(() => gateway.admitted.length === 1);
    const other = byHeader('other');
    await eventually(() => gateway.admitted.length === 2);
    expect(app.get(PiAuthService).peek('good')).toBeUndefined();
    await another.auth.forget('good');
    expect(await eventually(() => client.closed)).toEqual({ code: 1008, reason: 'PI_TOKEN_REFUSED' });
    expect(other.closed).toBeUndefined();
    await another.app.close();
  });

  it('closes a socket of before a forget elsewhere when its token is verified anew first, and not the new one', async () => {
    const store = new Keyv();
    await app.close();
    await start({ store, cacheSize: 1 });
    gateway.options = { recheckMs: 60_000 };
    const another = await startSignIn(pi, { store });
    const client = byHeader('good');
    await eventually(() => gateway.admitted.length === 1);
    await app.get(PiAuthService).verify('another');
    await another.auth.forget('good');
    const again = byHeader('good');
    await eventually(() => gateway.admitted.length === 2);
    expect(await eventually(() => client.closed)).toMatchObject({ code: 1008 });
    await sleep(1_000);
    expect(again.closed).toBeUndefined();
    await another.app.close();
  });

  it('does nothing for a socket that has closed before it was asked', async () => {
    const auth = app.get(PiAuthService);
    const onForget = jest.spyOn(auth, 'onForget');
    const socket = { readyState: 3, send() {}, close() {}, once() {} };
    const request = { headers: { authorization: 'Bearer good' } };
    expect(await admitWsSocket(auth, socket, request)).toBeUndefined();
    expect(onForget).not.toHaveBeenCalled();
    expect(pi.calls).toEqual([]);
  });

  it('closes the socket at an earlier valid_until that a later check states', async () => {
    byHeader('good');
    await eventually(() => gateway.admitted.length === 1);
    pi.behaviour = (token) => accept(token, { validForMs: 1_999 });
    await eventually(() => pi.callsFor('good') > 1);
    pi.behaviour = () => ({ status: 500 });
    expect(await eventually(() => clients[0]!.closed)).toMatchObject({ code: 1008 });
  });

  it('keeps the socket when Pi has put valid_until off', async () => {
    pi.behaviour = (token) => accept(token, { validForMs: 2_999 });
    const client = byHeader('good');
    await eventually(() => gateway.admitted.length === 1);
    pi.behaviour = accept;
    await eventually(() => pi.callsFor('good') > 1);
    await sleep(3_100);
    expect(client.closed).toBeUndefined();
  });

  it('does not ask all the time when the next check is further away than a timer can wait', async () => {
    gateway.options = { recheckMs: 10 ** 12 };
    pi.behaviour = (token) => accept(token, { validForMs: 10 ** 12 });
    byHeader('long');
    await eventually(() => gateway.admitted.length === 1);
    await eventually(() => app.get(PiAuthService).peek('long') === undefined);
    await sleep(100);
    expect(pi.calls).toEqual(['long']);
  });
});
