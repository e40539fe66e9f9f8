import { Catch, Controller, Logger, UseFilters, UseGuards } from '@nestjs/common';
import type { INestApplication, RpcExceptionFilter } from '@nestjs/common';
import {
  ClientKafka,
  ClientProxyFactory,
  EventPattern,
  MessagePattern,
  MqttRecordBuilder,
  NatsRecordBuilder,
  RmqRecordBuilder,
  RpcException,
  Transport,
} from '@nestjs/microservices';
import type {
  ClientProxy,
  KafkaOptions,
  MqttOptions,
  NatsOptions,
  RedisOptions,
  RmqOptions,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { headers } from '@nats-io/transport-node';
import { PiAuthGuard, PiAuthService, PiModule, PiScopes, PiUser } from 'nestjs-pi';
import type { PiErrorBody } from 'nestjs-pi';
import { lastValueFrom, of, throwError } from 'rxjs';
import type { Observable } from 'rxjs';
import { START_MS } from '../../../../../test/support/broker.js';
import type { RunningBroker } from '../../../../../test/support/broker.js';
import { eventually } from '../../../../../test/support/eventually.js';
import { describeWithKafka, startKafka } from '../../../../../test/support/kafka.js';
import { describeWithMosquitto, startMosquitto } from '../../../../../test/support/mosquitto.js';
import { describeWithNats, startNats } from '../../../../../test/support/nats.js';
import { describeWithRabbitMq, startRabbitMq } from '../../../../../test/support/rabbitmq.js';
import { describeWithRedis, startRedis } from '../../../../../test/support/redis.js';
import { StagedMe } from '../../../../../test/support/staged-me.js';

/** As in docs/transports.md. */
@Catch(RpcException)
class SkipRefusedEvents implements RpcExceptionFilter<RpcException> {
  private readonly logger = new Logger(SkipRefusedEvents.name);

  catch(exception: RpcException): Observable<unknown> {
    const { statusCode, message } = exception.getError() as PiErrorBody;
    if (statusCode !== 401 && statusCode !== 403) return throwError(() => exception.getError());
    this.logger.warn(`An event was skipped: ${message}`);
    return of(undefined);
  }
}

const scored: string[] = [];

@Controller()
@UseGuards(PiAuthGuard)
class Handlers {
  @EventPattern('scored')
  @UseFilters(SkipRefusedEvents)
  scored(@PiUser('uid') uid: string) {
    scored.push(uid);
  }
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

type BrokerOptions = KafkaOptions | NatsOptions | RmqOptions | MqttOptions | RedisOptions;
let broker: RunningBroker;
let pi: StagedMe;
let app: INestApplication;
let client: ClientProxy;

function useBroker(start: () => Promise<RunningBroker>, connection: (url: string) => BrokerOptions): void {
  beforeAll(async () => {
    broker = await start();
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
    if (client instanceof ClientKafka) for (const pattern of ['me', 'wallet']) client.subscribeToResponseOf(pattern);
    await client.connect();
  }, START_MS + 30_000);
  afterAll(async () => {
    await client.close();
    await app.close();
    await pi.stop();
    await broker.stop();
  });
  afterEach(() => jest.restoreAllMocks());
  beforeEach(async () => {
    await app.get(PiAuthService).forget('good');
    pi.behaviour = StagedMe.accept;
    pi.calls.length = 0;
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
    [
      'Pi being down',
      down,
      'me',
      'Bearer good',
      { statusCode: 503, errorCode: 'PI_UNAVAILABLE', retryAfterSeconds: 1 },
    ],
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

describeWithKafka('PiAuthGuard over Kafka', () => {
  useBroker(startKafka, (url) => ({
    transport: Transport.KAFKA,
    options: {
      client: { brokers: [url] },
      consumer: { groupId: 'pioneers', maxWaitTimeInMs: 50 },
      subscribe: { fromBeginning: true },
    },
  }));
  const record = (authorization?: string | string[]) => ({
    value: {},
    headers: authorization ? { authorization } : {},
  });
  checksTokens(record);

  it('takes none of two tokens', async () => {
    expect(await send('me', record(['Bearer good', 'Bearer other']))).toEqual(refused);
    expect(pi.calls).toEqual([]);
  });

  it('skips an event that is refused, and asks again for one while Pi is down', async () => {
    const [warn, error] = [jest.spyOn(Logger.prototype, 'warn'), jest.spyOn(Logger.prototype, 'error')];
    for (const spy of [warn, error]) spy.mockImplementation();
    let outages = 2;
    pi.behaviour = (token) => {
      if (token === 'bad') return StagedMe.refuse();
      if (token === 'patient' && outages-- > 0) return { status: 500 };
      return StagedMe.accept(token);
    };
    for (const token of ['bad', 'patient', 'good'])
      await lastValueFrom(client.emit('scored', { key: 'in order', ...record(`Bearer ${token}`) }));
    await eventually(() => scored.length === 2);
    expect(scored).toEqual(['uid-of-patient', 'uid-of-good']);
    expect(pi.calls).toEqual(['bad', 'patient', 'patient', 'patient', 'good']);
  });
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

function checksDenial(record: (authorization: string) => unknown): void {
  it('denies, for there is no token to be seen', async () => {
    expect(await send('me', record('Bearer good'))).toEqual(refused);
    expect(pi.calls).toEqual([]);
  });
}

describeWithMosquitto('PiAuthGuard over MQTT 3, which has no headers', () => {
  useBroker(startMosquitto, (url) => ({ transport: Transport.MQTT, options: { url, protocolVersion: 4 } }));
  checksDenial(mqttRecord);
});

describeWithRedis('PiAuthGuard over Redis, which has no headers', () => {
  useBroker(startRedis, (url) => ({ transport: Transport.REDIS, options: { port: Number(new URL(url).port) } }));
  checksDenial((authorization) => ({ token: 'good', authorization }));
});
