import { Controller, UseGuards } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import {
  ClientProxyFactory,
  MessagePattern,
  MqttRecordBuilder,
  NatsRecordBuilder,
  RmqRecordBuilder,
  Transport,
} from '@nestjs/microservices';
import type { ClientProxy, MqttOptions, NatsOptions, RmqOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { headers } from '@nats-io/transport-node';
import { PiAuthGuard, PiModule, PiScopes, PiUser } from 'nestjs-pi';
import { lastValueFrom } from 'rxjs';
import { START_MS } from '../../../../../test/support/broker.js';
import type { RunningBroker } from '../../../../../test/support/broker.js';
import { describeWithMosquitto, startMosquitto } from '../../../../../test/support/mosquitto.js';
import { describeWithNats, startNats } from '../../../../../test/support/nats.js';
import { describeWithRabbitMq, startRabbitMq } from '../../../../../test/support/rabbitmq.js';
import { StagedMe } from '../../../../../test/support/staged-me.js';

@Controller()
@UseGuards(PiAuthGuard)
class Handlers {
  @MessagePattern('me')
  me(@PiUser('uid') uid: string) {
    return { uid };
  }
  @MessagePattern('wallet')
  @PiScopes('wallet_address')
  wallet() {
    return {};
  }
}

type BrokerOptions = NatsOptions | RmqOptions | MqttOptions;
let broker: RunningBroker;
let pi: StagedMe;
let app: INestApplication;
let client: ClientProxy;

function useBroker(start: () => Promise<RunningBroker>, connection: (url: string) => BrokerOptions): void {
  beforeAll(async () => {
    broker = await start();
  }, START_MS + 30_000);
  afterAll(() => broker.stop());
  beforeEach(async () => {
    pi = await StagedMe.start();
    const module = PiModule.forRoot({
      apiKey: 'key',
      network: 'testnet',
      platformUrl: pi.platformUrl,
      http: { retries: 0 },
      auth: { negativeCacheMs: 0 },
    });
    const compiled = await Test.createTestingModule({ imports: [module], controllers: [Handlers] }).compile();
    app = compiled.createNestApplication();
    app.connectMicroservice(connection(broker.url));
    await app.startAllMicroservices();
    await app.init();
    client = ClientProxyFactory.create(connection(broker.url));
  });
  afterEach(async () => {
    await client.close();
    await app.close();
    await pi.stop();
  });
}

const send = (pattern: string, message: unknown) =>
  lastValueFrom(client.send<unknown, unknown>(pattern, message)).catch((error: unknown) => ({ error }));
const refused = { error: expect.objectContaining({ statusCode: 401, errorCode: 'PI_TOKEN_REFUSED' }) };

function checksTokens(record: (authorization: string | undefined) => unknown): void {
  it('knows the Pioneer by the header', async () => {
    expect(await send('me', record('Bearer good'))).toEqual({ uid: 'uid-of-good' });
  });

  const refuse = () => (pi.behaviour = StagedMe.refuse);
  const down = () => (pi.behaviour = () => ({ status: 500 }));
  it.each<[string, () => void, string, string | undefined, object]>([
    ['no token', () => undefined, 'me', undefined, { statusCode: 401, errorCode: 'PI_TOKEN_REFUSED' }],
    ['a refused token', refuse, 'me', 'Bearer bad', { statusCode: 401, errorCode: 'PI_TOKEN_REFUSED' }],
    ['a missing scope', () => undefined, 'wallet', 'Bearer good', { statusCode: 403, errorCode: 'PI_SCOPE_MISSING' }],
    ['Pi being down', down, 'me', 'Bearer good', { statusCode: 503, errorCode: 'PI_UNAVAILABLE' }],
  ])('tells the client of %s, in an error it can read', async (_title, stage, pattern, authorization, error) => {
    stage();
    expect(await send(pattern, record(authorization))).toEqual({
      error: expect.objectContaining({ ...error, message: expect.any(String) }),
    });
  });
}

describeWithNats('PiAuthGuard over NATS', () => {
  useBroker(startNats, (url) => ({ transport: Transport.NATS, options: { servers: [url] } }));
  checksTokens((authorization) => {
    const sent = headers();
    if (authorization) sent.set('authorization', authorization);
    return new NatsRecordBuilder({}).setHeaders(sent).build();
  });
});

describeWithRabbitMq('PiAuthGuard over RabbitMQ', () => {
  useBroker(startRabbitMq, (url) => ({ transport: Transport.RMQ, options: { urls: [url], queue: 'pioneers' } }));
  checksTokens((authorization) =>
    new RmqRecordBuilder({}).setOptions({ headers: authorization ? { authorization } : {} }).build(),
  );
});

const mqttRecord = (authorization?: string | string[]) => {
  const record = new MqttRecordBuilder({});
  return (authorization ? record.setProperties({ userProperties: { authorization } }) : record).build();
};

describeWithMosquitto('PiAuthGuard over MQTT 5', () => {
  useBroker(startMosquitto, (url) => ({ transport: Transport.MQTT, options: { url, protocolVersion: 5 } }));
  checksTokens(mqttRecord);

  it('takes none of two tokens', async () => {
    expect(await send('me', mqttRecord(['Bearer good', 'Bearer other']))).toEqual(refused);
    expect(pi.calls).toEqual([]);
  });
});

describeWithMosquitto('PiAuthGuard over MQTT 3, which has no headers', () => {
  useBroker(startMosquitto, (url) => ({ transport: Transport.MQTT, options: { url, protocolVersion: 4 } }));

  it('denies, for there is no token to be seen', async () => {
    expect(await send('me', mqttRecord('Bearer good'))).toEqual(refused);
    expect(pi.calls).toEqual([]);
  });
});
