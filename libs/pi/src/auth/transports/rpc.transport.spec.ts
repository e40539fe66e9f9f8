import { Metadata } from '@grpc/grpc-js';
import { Controller, UseGuards } from '@nestjs/common';
import type { ExecutionContext, INestApplication } from '@nestjs/common';
import {
  ClientProxyFactory,
  GrpcMethod,
  KafkaContext,
  MessagePattern,
  MqttContext,
  NatsContext,
  RedisContext,
  RmqContext,
  TcpContext,
  Transport,
} from '@nestjs/microservices';
import type { ClientGrpc, ClientProxy, MicroserviceOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { headers } from '@nats-io/transport-node';
import { PiAuthGuard, PiAuthService, PiModule, PiScopes, PiUser } from 'nestjs-pi';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom } from 'rxjs';
import type { Observable } from 'rxjs';
import { freePort } from '../../../../../test/support/free-port.js';
import { StagedMe } from '../../../../../test/support/staged-me.js';
import { rpcTransport } from './rpc.transport.js';

const { refuse } = StagedMe;

/** A guard for a transport without headers: the token rides in the message. */
class BodyTokenGuard extends PiAuthGuard {
  protected override extractToken(_carrier: object, context: ExecutionContext): string | undefined {
    return context.switchToRpc().getData<{ token?: string }>().token;
  }
}

@Controller()
class Handlers {
  @MessagePattern('me')
  @UseGuards(PiAuthGuard)
  me(@PiUser('uid') uid: string) {
    return { uid };
  }
  @MessagePattern('wallet')
  @UseGuards(PiAuthGuard)
  @PiScopes('wallet_address')
  wallet() {
    return {};
  }
  @MessagePattern('body')
  @UseGuards(BodyTokenGuard)
  body(@PiUser('uid') uid: string) {
    return { uid };
  }
  @GrpcMethod('Pioneers', 'Me')
  @UseGuards(PiAuthGuard)
  grpcMe(@PiUser('uid') uid: string) {
    return { uid };
  }
  @GrpcMethod('Pioneers', 'Wallet')
  @UseGuards(PiAuthGuard)
  @PiScopes('wallet_address')
  grpcWallet() {
    return { uid: '' };
  }
}

let pi: StagedMe;
let app: INestApplication;
async function start(options: MicroserviceOptions): Promise<void> {
  const module = PiModule.forRoot({
    apiKey: 'key',
    network: 'testnet',
    platformUrl: pi.platformUrl,
    http: { retries: 0 },
    auth: { negativeCacheMs: 0 },
  });
  app = (
    await Test.createTestingModule({ imports: [module], controllers: [Handlers] }).compile()
  ).createNestApplication();
  app.connectMicroservice(options);
  await app.startAllMicroservices();
  await app.init();
}
const outcome = (answer: Observable<unknown>) => lastValueFrom(answer).catch((error: unknown) => ({ error }));
const down = () => (pi.behaviour = () => ({ status: 500 }));

beforeEach(async () => {
  pi = await StagedMe.start();
});
afterEach(() => pi.stop());

describe('PiAuthGuard over gRPC', () => {
  const protoPath = join(mkdtempSync(join(tmpdir(), 'pi-proto-')), 'pioneers.proto');
  writeFileSync(
    protoPath,
    `syntax = "proto3"; package pi;
     service Pioneers { rpc Me (Nothing) returns (Pioneer); rpc Wallet (Nothing) returns (Pioneer); }
     message Nothing {} message Pioneer { string uid = 1; }`,
  );
  interface Pioneers {
    me(request: object, metadata: Metadata): Observable<unknown>;
    wallet(request: object, metadata: Metadata): Observable<unknown>;
  }
  let client: ClientGrpc & ClientProxy;
  const pioneers = () => client.getService<Pioneers>('Pioneers');
  const bearer = (token: string) => {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${token}`);
    return metadata;
  };

  beforeEach(async () => {
    const options = { package: 'pi', protoPath, url: `127.0.0.1:${await freePort()}` };
    await start({ transport: Transport.GRPC, options });
    client = ClientProxyFactory.create({ transport: Transport.GRPC, options }) as never;
  });
  afterEach(async () => {
    await client.close();
    await app.close();
  });

  it('knows the Pioneer by the metadata', async () => {
    expect(await outcome(pioneers().me({}, bearer('good')))).toEqual({ uid: 'uid-of-good' });
  });

  it.each<[string, () => void, 'me' | 'wallet', () => Metadata, number, RegExp]>([
    ['no token', () => undefined, 'me', () => new Metadata(), 16, /Sign in with Pi/],
    ['a refused token', () => (pi.behaviour = refuse), 'me', () => bearer('bad'), 16, /does not accept/],
    ['a missing scope', () => undefined, 'wallet', () => bearer('good'), 7, /wallet_address/],
    ['Pi being down', down, 'me', () => bearer('good'), 14, /./],
  ])('tells the client of %s by the status of gRPC', async (_title, stage, method, metadata, code, details) => {
    stage();
    expect(await outcome(pioneers()[method]({}, metadata()))).toEqual({
      error: expect.objectContaining({ code, details: expect.stringMatching(details) }),
    });
  });
});

describe('PiAuthGuard over TCP, which has no headers', () => {
  let client: ClientProxy;
  beforeEach(async () => {
    const options = { host: '127.0.0.1', port: await freePort() };
    await start({ transport: Transport.TCP, options });
    client = ClientProxyFactory.create({ transport: Transport.TCP, options });
  });
  afterEach(async () => {
    await client.close();
    await app.close();
  });

  const refusal = { error: expect.objectContaining({ statusCode: 401, errorCode: 'PI_TOKEN_REFUSED' }) };

  it('denies, for there is no token to be seen', async () => {
    expect(await outcome(client.send('me', { token: 'good', authorization: 'Bearer good' }))).toEqual(refusal);
    expect(pi.calls).toEqual([]);
  });

  it.each<[string, () => void, object, unknown]>([
    ['lets a Pioneer in', () => undefined, { token: 'good' }, { uid: 'uid-of-good' }],
    [
      'refuses',
      () => (pi.behaviour = refuse),
      { token: 'bad' },
      { error: expect.objectContaining({ statusCode: 401 }) },
    ],
    ['refuses what is no text', () => undefined, { token: ['good'] }, refusal],
    ['refuses nothing at all', () => undefined, { token: null }, refusal],
    ['says that Pi is down', down, { token: 'good' }, { error: expect.objectContaining({ statusCode: 503 }) }],
  ])('%s where extractToken says where the token is', async (_title, stage, message, expected) => {
    stage();
    expect(await outcome(client.send('body', message))).toEqual(expected);
  });
});

describe('the token of an RPC message', () => {
  // By Nest's own context objects; over real brokers in message-brokers.spec.ts.
  const authorization = 'Bearer good';
  const natsHeaders = headers();
  natsHeaders.set('authorization', authorization);
  const twoNatsHeaders = headers();
  for (const value of ['Bearer good', 'Bearer other']) twoNatsHeaders.append('authorization', value);
  const grpc = new Metadata();
  grpc.set('Authorization', authorization);
  const two = grpc.clone();
  two.add('authorization', 'Bearer other');
  const args = (first: unknown, ...rest: unknown[]) => [first, ...rest] as never;

  it.each<[string, object, string | undefined]>([
    ['gRPC metadata', grpc, 'good'],
    ['gRPC metadata with two of them', two, undefined],
    ['NATS headers', new NatsContext(args('subject', natsHeaders)), 'good'],
    ['NATS headers with two of them', new NatsContext(args('subject', twoNatsHeaders)), undefined],
    ['NATS headers without it', new NatsContext(args('subject', headers())), undefined],
    ['NATS without headers', new NatsContext(args('subject', undefined)), undefined],
    [
      'Kafka headers, as bytes',
      new KafkaContext(args({ headers: { authorization: Buffer.from(authorization) } })),
      'good',
    ],
    ['Kafka headers, as text', new KafkaContext(args({ headers: { authorization } })), 'good'],
    [
      'Kafka headers with two of them',
      new KafkaContext(args({ headers: { authorization: [Buffer.from(authorization), Buffer.from('Bearer other')] } })),
      undefined,
    ],
    ['Kafka headers without a text', new KafkaContext(args({ headers: { authorization: 7 } })), undefined],
    ['Kafka without headers', new KafkaContext(args({})), undefined],
    ['RabbitMQ headers', new RmqContext(args({ properties: { headers: { authorization } } })), 'good'],
    [
      'RabbitMQ headers, as bytes',
      new RmqContext(args({ properties: { headers: { authorization: Buffer.from(authorization) } } })),
      'good',
    ],
    [
      'RabbitMQ headers, a list of one',
      new RmqContext(args({ properties: { headers: { authorization: [authorization] } } })),
      'good',
    ],
    [
      'RabbitMQ headers with two of them',
      new RmqContext(args({ properties: { headers: { authorization: [authorization, 'Bearer other'] } } })),
      undefined,
    ],
    ['RabbitMQ without headers', new RmqContext(args({ properties: { headers: undefined } })), undefined],
    [
      'MQTT 5 user properties',
      new MqttContext(args('t', { properties: { userProperties: { authorization } } })),
      'good',
    ],
    ['MQTT with two of them', mqtt(['Bearer a', 'Bearer b']), undefined],
    ['TCP', new TcpContext(args({}, 'me')), undefined],
    ['Redis', new RedisContext(args('channel')), undefined],
  ])('%s', (_title, context, token) => {
    expect(rpcTransport.token(context)).toBe(token);
  });

  function mqtt(authorization: string[]): MqttContext {
    return new MqttContext(args('t', { properties: { userProperties: { authorization } } }));
  }
});

describe('PiAuthService', () => {
  it('is one for every transport of an app', async () => {
    const options = { host: '127.0.0.1', port: await freePort() };
    await start({ transport: Transport.TCP, options });
    await app.get(PiAuthService).verify('good');
    const client = ClientProxyFactory.create({ transport: Transport.TCP, options });
    await outcome(client.send('body', { token: 'good' }));
    expect(pi.calls).toEqual(['good']);
    await client.close();
    await app.close();
  });
});
