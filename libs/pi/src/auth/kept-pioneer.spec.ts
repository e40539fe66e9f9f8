import { ApolloDriver } from '@nestjs/apollo';
import type { ApolloDriverConfig } from '@nestjs/apollo';
import { Injectable, UseGuards } from '@nestjs/common';
import type { CanActivate, DynamicModule, ExecutionContext, INestApplication, Provider } from '@nestjs/common';
import { Args, GraphQLModule, Query, Resolver } from '@nestjs/graphql';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { Test } from '@nestjs/testing';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { PiApp, PiAuthGuard, PiModule, PiUser } from 'nestjs-pi';
import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import { eventually } from '../../../../test/support/eventually.js';
import { StagedMe } from '../../../../test/support/staged-me.js';

/** Comes after the guard, and holds back whoever the test says: what happens to their Pioneer meanwhile? */
@Injectable()
class Gate implements CanActivate {
  static held: (() => void) | undefined;
  static isFirst = true;
  canActivate(): boolean | Promise<boolean> {
    if (!Gate.isFirst) return true;
    Gate.isFirst = false;
    return new Promise((open) => (Gate.held = () => open(true)));
  }
}

let pi: StagedMe;
let other: StagedMe;
let app: INestApplication;
let client: Socket | undefined;

beforeEach(async () => {
  [pi, other] = [await StagedMe.start(), await StagedMe.start()];
  other.behaviour = (token) => StagedMe.accept(token, { uid: `other-uid-of-${token}` });
  [Gate.isFirst, Gate.held] = [true, undefined];
});
afterEach(async () => {
  client?.disconnect();
  await app.close();
  await Promise.all([pi.stop(), other.stop()]);
});

async function start(providers: Provider[], imports: DynamicModule[] = []): Promise<void> {
  const own = (name: string | undefined, { platformUrl }: StagedMe) =>
    PiModule.forRoot({ ...(name !== undefined && { name }), apiKey: 'key', network: 'testnet', platformUrl });
  const apps = [own(undefined, pi), own('other', other)];
  app = (
    await Test.createTestingModule({ imports: [...apps, ...imports], providers }).compile()
  ).createNestApplication();
  app.useWebSocketAdapter(new IoAdapter(app));
  await app.listen(0, '127.0.0.1');
}

describe('@PiUser() of messages that share a socket', () => {
  @Injectable()
  class BodyTokenGuard extends PiAuthGuard {
    protected override extractToken(_socket: object, context: ExecutionContext): string | undefined {
      return context.switchToWs().getData<{ token?: string }>()?.token;
    }
  }
  @WebSocketGateway()
  class Chat {
    @SubscribeMessage('body')
    @UseGuards(BodyTokenGuard, Gate)
    body(@PiUser('uid') uid: string) {
      return { event: 'body', data: uid };
    }
    @SubscribeMessage('here')
    @UseGuards(PiAuthGuard, Gate)
    here(@PiUser('uid') uid: string) {
      return { event: 'here', data: uid };
    }
    @SubscribeMessage('there')
    @PiApp('other')
    @UseGuards(PiAuthGuard, Gate)
    there(@PiUser('uid') uid: string) {
      return { event: 'there', data: uid };
    }
  }

  /** The second message overtakes the first, which waits behind its guard. */
  async function overtake(first: [string, object?], second: [string, object?]): Promise<string[]> {
    await start([Chat, Gate]);
    client = io(await app.getUrl(), { forceNew: true, transports: ['websocket'], auth: { token: 'good' } });
    const heard: string[] = [];
    client.onAny((_event, uid: string) => heard.push(uid));
    client.emit(...first);
    await eventually(() => Gate.held);
    client.emit(...second);
    await eventually(() => heard.length === 1);
    Gate.held!();
    await eventually(() => heard.length === 2);
    return heard.toReversed();
  }

  it('is whose token the message holds', async () => {
    expect(await overtake(['body', { token: 'ann' }], ['body', { token: 'bob' }])).toEqual([
      'uid-of-ann',
      'uid-of-bob',
    ]);
  });

  it('is the one of the Pi app that the handler names', async () => {
    expect(await overtake(['here'], ['there'])).toEqual(['uid-of-good', 'other-uid-of-good']);
  });
});

describe('@PiUser() of resolvers that share a request', () => {
  @Resolver()
  class Accounts {
    @Query(() => String)
    @UseGuards(PiAuthGuard, Gate)
    here(@Args('n') n: number, @PiUser('uid') uid: string): string {
      return `${n} ${uid}`;
    }
    @Query(() => String)
    @PiApp('other')
    @UseGuards(PiAuthGuard, Gate)
    there(@Args('n') n: number, @PiUser('uid') uid: string): string {
      return `${n} ${uid}`;
    }
  }

  it('is the one of the Pi app that the resolver names', async () => {
    await start(
      [Accounts, Gate],
      [GraphQLModule.forRoot<ApolloDriverConfig>({ driver: ApolloDriver, autoSchemaFile: true, graphiql: false })],
    );
    const answer = fetch(`${await app.getUrl()}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer good' },
      body: JSON.stringify({ query: '{ here(n: 1) there(n: 2) }' }),
    });
    await eventually(() => Gate.held && other.calls.length === 1 && pi.calls.length === 1);
    await eventually(() => pi.open === 0 && other.open === 0);
    Gate.held!();
    expect(await (await answer).json()).toEqual({ data: { here: '1 uid-of-good', there: '2 other-uid-of-good' } });
  });
});
