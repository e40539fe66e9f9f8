import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  HttpException,
  type INestApplication,
  Logger,
  Module,
  Res,
  type Type,
} from '@nestjs/common';
import { APP_FILTER, BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import { GraphQLModule, Query, Resolver } from '@nestjs/graphql';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { lastValueFrom, type Observable } from 'rxjs';
import { PiConfigurationError } from './pi-configuration-error.js';
import { PiExceptionFilter } from './pi-exception-filter.js';
import { PiScopeMissingError } from './pi-scope-missing-error.js';
import { PiTokenRefusedError } from './pi-token-refused-error.js';
import { PiUnavailableError } from './pi-unavailable-error.js';

const ERRORS = {
  unavailable: () => new PiUnavailableError({ message: 'Pi is away', reason: 'status', retryAfterMs: 1_500 }),
  refused: () => new PiTokenRefusedError(),
  missing: () => new PiTokenRefusedError('missing'),
  scope: () => new PiScopeMissingError(['payments', 'username']),
  configuration: () => new PiConfigurationError([{ problem: 'apiKey is not set', fix: 'set PI_API_KEY' }]),
  teapot: () => new HttpException('short and stout', 418),
};

@Controller()
class Thrower {
  @Get('unavailable') unavailable(): never {
    throw ERRORS.unavailable();
  }
  @Get('refused') refused(): never {
    throw ERRORS.refused();
  }
  @Get('missing') missing(): never {
    throw ERRORS.missing();
  }
  @Get('scope') scope(): never {
    throw ERRORS.scope();
  }
  @Get('configuration') configuration(): never {
    throw ERRORS.configuration();
  }
  @Get('teapot') teapot(): never {
    throw ERRORS.teapot();
  }
  @Get('half') half(@Res() response: object): never {
    const raw = 'raw' in response ? response.raw : response;
    (raw as NodeJS.WritableStream & { writeHead(status: number): void }).writeHead(200);
    (raw as NodeJS.WritableStream).write('half');
    throw ERRORS.unavailable();
  }
}

@Module({ controllers: [Thrower], providers: [{ provide: APP_FILTER, useClass: PiExceptionFilter }] })
class PiLikeModule {}

@Catch()
class CatchAll extends BaseExceptionFilter {
  override catch(exception: unknown, host: ArgumentsHost): void {
    super.catch(exception, host);
  }
}

@Module({ imports: [PiLikeModule] })
class PlainApp {}

@Module({ imports: [PiLikeModule], providers: [{ provide: APP_FILTER, useClass: CatchAll }] })
class AppWithCatchAll {}

const adapters = { Express: () => new ExpressAdapter(), Fastify: () => new FastifyAdapter() };

async function started(module: Type, adapter: keyof typeof adapters, prepare?: (app: INestApplication) => void) {
  const testing = await Test.createTestingModule({ imports: [module] }).compile();
  const app = testing.createNestApplication(adapters[adapter](), { logger: false });
  prepare?.(app);
  await app.listen(0, '127.0.0.1');
  return app;
}

const rows: [path: string, status: number, body: object, headers: Record<string, string>][] = [
  [
    'unavailable',
    503,
    { statusCode: 503, errorCode: 'PI_UNAVAILABLE', message: 'Pi is away', retryAfterSeconds: 2 },
    { 'retry-after': '2' },
  ],
  [
    'refused',
    401,
    { statusCode: 401, errorCode: 'PI_TOKEN_REFUSED', message: expect.stringContaining('sign in again') as string },
    { 'www-authenticate': 'Bearer error="invalid_token"' },
  ],
  [
    'missing',
    401,
    { statusCode: 401, errorCode: 'PI_TOKEN_REFUSED', message: expect.stringContaining('Sign in with Pi') as string },
    { 'www-authenticate': 'Bearer' },
  ],
  [
    'scope',
    403,
    {
      statusCode: 403,
      errorCode: 'PI_SCOPE_MISSING',
      message: expect.stringContaining('payments username') as string,
      scopes: ['payments', 'username'],
    },
    { 'www-authenticate': 'Bearer error="insufficient_scope", scope="payments username"' },
  ],
  [
    'configuration',
    500,
    {
      statusCode: 500,
      errorCode: 'PI_CONFIGURATION',
      message: 'The Pi integration of this server is not configured correctly.',
    },
    {},
  ],
  ['teapot', 418, { statusCode: 418, message: 'short and stout' }, {}],
];

const setups: [name: string, module: Type, prepare?: (app: INestApplication) => void][] = [
  ['alone', PlainApp],
  ['beside a catch-all of the app (APP_FILTER)', AppWithCatchAll],
  [
    'given after a catch-all to useGlobalFilters',
    PlainApp,
    (app) =>
      app.useGlobalFilters(
        new CatchAll(app.get(HttpAdapterHost).httpAdapter),
        new PiExceptionFilter(app.get(HttpAdapterHost)),
      ),
  ],
];

describe.each(['Express', 'Fastify'] as const)('on %s', (adapter) => {
  describe.each(setups)('%s', (_, module, prepare) => {
    let app: INestApplication;
    beforeAll(async () => {
      app = await started(module, adapter, prepare);
    });
    afterAll(() => app.close());

    it.each(rows)('answers /%s with %i, its body and its headers', async (path, status, body, headers) => {
      const response = await fetch(`${await app.getUrl()}/${path}`);
      expect(response.status).toBe(status);
      expect(await response.json()).toEqual(body);
      expect(Object.fromEntries(response.headers)).toMatchObject(headers);
    });

    it('ends an answer that had begun', async () => {
      const response = await fetch(`${await app.getUrl()}/half`);
      expect(await response.text()).toBe('half');
    });
  });
});

describe('under GraphQL', () => {
  @Resolver()
  class ThrowingResolver {
    @Query(() => String)
    refused(): never {
      throw ERRORS.refused();
    }
    @Query(() => String)
    configuration(): never {
      throw ERRORS.configuration();
    }
  }
  @Module({
    imports: [
      PiLikeModule,
      GraphQLModule.forRoot<ApolloDriverConfig>({ driver: ApolloDriver, autoSchemaFile: true, graphiql: false }),
    ],
    providers: [ThrowingResolver],
  })
  class GraphApp {}

  let app: INestApplication;
  beforeAll(async () => {
    app = await started(GraphApp, 'Express');
  });
  afterAll(() => app.close());

  const ask = async (query: string) => {
    const response = await fetch(`${await app.getUrl()}/graphql`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    return (await response.json()) as { errors: { message: string; extensions: object }[] };
  };

  it('leaves the error to GraphQL', async () => {
    expect((await ask('{ refused }')).errors).toMatchObject([
      { message: ERRORS.refused().message, extensions: { originalError: { errorCode: 'PI_TOKEN_REFUSED' } } },
    ]);
  });

  it('tells the log what is configured wrongly, and clients only that something is', async () => {
    const log = jest.spyOn(Logger.prototype, 'error').mockImplementation();
    const answer = await ask('{ configuration }');
    expect(answer.errors).toMatchObject([{ extensions: { originalError: { errorCode: 'PI_CONFIGURATION' } } }]);
    expect(JSON.stringify(answer)).not.toContain('apiKey');
    expect(log).toHaveBeenCalledWith(expect.stringContaining('set PI_API_KEY'));
    log.mockRestore();
  });
});

it('gives an RPC client the body', async () => {
  const filter: ExceptionFilter = new PiExceptionFilter(new HttpAdapterHost());
  const host = { getType: () => 'rpc' } as unknown as ArgumentsHost;
  const answer = filter.catch(ERRORS.scope(), host) as Observable<unknown>;
  await expect(lastValueFrom(answer)).rejects.toMatchObject({ errorCode: 'PI_SCOPE_MISSING' });
});
