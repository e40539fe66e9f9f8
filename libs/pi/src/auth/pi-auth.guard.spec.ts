import { Body, Catch, Controller, ForbiddenException, Get, Injectable, Post, UseGuards } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter, ExecutionContext, INestApplication, Type } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, BaseExceptionFilter } from '@nestjs/core';
import { PiAuthGuard, PiAuthService, PiModule, PiOptional, PiPublic, PiScopes, PiUser, getPioneer } from 'nestjs-pi';
import type { PiError, PiModuleOptions, Pioneer } from 'nestjs-pi';
import { PiEmulator } from 'pi-emulator';
import { once } from 'node:events';
import { request } from 'node:http';
import { ADAPTERS, listen } from '../../../../test/support/adapters.js';
import { eventually } from '../../../../test/support/eventually.js';
import { StagedMe } from '../../../../test/support/staged-me.js';

@Controller()
class Routes {
  @Get('open-by-default')
  @UseGuards(PiAuthGuard)
  me(@PiUser() pioneer: Pioneer, @PiUser('uid') uid: string) {
    return { pioneer, uid };
  }

  @Post('body')
  @UseGuards(PiAuthGuard)
  body(@PiUser('uid') uid: string, @Body() body: object) {
    return { uid, body };
  }
}

@Controller('guarded')
@UseGuards(PiAuthGuard)
@PiScopes('username')
class GuardedRoutes {
  @Get('payments')
  @PiScopes('payments')
  payments(@PiUser('uid') uid: string) {
    return { uid };
  }

  @Get('optional')
  @PiOptional()
  optional(@PiUser() pioneer: Pioneer | undefined) {
    return { uid: pioneer?.uid ?? 'anonymous' };
  }

  @Get('public')
  @PiPublic()
  public(@PiUser() pioneer: Pioneer | undefined) {
    return { uid: pioneer?.uid ?? 'anonymous' };
  }
}

let emulator: PiEmulator;
let running: INestApplication | undefined;
let url: string;
const optionsOf = (pi: Pick<PiEmulator, 'apiKey' | 'network' | 'platformUrl'>): PiModuleOptions => ({
  apiKey: pi.apiKey,
  network: pi.network,
  platformUrl: pi.platformUrl,
  http: { retries: 0 },
});

beforeAll(async () => {
  emulator = await PiEmulator.start({ port: 0, ledgerMs: 'manual' });
});
afterAll(() => emulator.stop());
afterEach(async () => {
  await emulator.reset();
  await running?.close();
  running = undefined;
});

describe.each(ADAPTERS)('PiAuthGuard on %s', (_name, Adapter) => {
  const start = async (controllers: Type[], options: Partial<PiModuleOptions> = {}, providers: object[] = []) => {
    const imports = [PiModule.forRoot({ ...optionsOf(emulator), ...options })];
    ({ app: running, url } = await listen(Adapter, { imports, controllers, providers: providers as never }));
  };
  const get = async (path: string, authorization?: string) => {
    const response = await fetch(`${url}/${path}`, { headers: authorization === undefined ? {} : { authorization } });
    const { status, headers } = response;
    return {
      status,
      challenge: headers.get('www-authenticate'),
      retryAfter: headers.get('retry-after'),
      body: (await response.json()) as Record<string, unknown>,
    };
  };

  it('lets a Pioneer in, and @PiUser says who it is', async () => {
    await start([Routes]);
    const { uid, accessToken } = await emulator.createPioneer({ username: 'amara', scopes: ['username', 'payments'] });
    for (const _ of ['cold', 'cached']) {
      const { status, body } = await get('open-by-default', `Bearer ${accessToken}`);
      expect({ status, body }).toEqual({
        status: 200,
        body: {
          uid,
          pioneer: {
            uid,
            username: 'amara',
            scopes: ['username', 'payments'],
            validUntil: expect.any(String),
            appId: emulator.appId,
          },
        },
      });
    }
  });

  it('a Pioneer who did not grant `username` has none, and is let in', async () => {
    await start([Routes]);
    const { accessToken } = await emulator.createPioneer({ scopes: ['payments'] });
    const { status, body } = await get('open-by-default', `Bearer ${accessToken}`);
    expect(status).toBe(200);
    expect(body['pioneer']).not.toHaveProperty('username');
  });

  it.each(['bearer', 'BEARER', 'Bearer ', 'bEaReR  '])('takes the scheme as %j', async (scheme) => {
    await start([Routes]);
    const { accessToken } = await emulator.createPioneer({});
    expect((await get('open-by-default', `${scheme} ${accessToken}`)).status).toBe(200);
  });

  it.each<[string, string | undefined, string, string]>([
    ['no token', undefined, 'Bearer', 'Sign in with Pi'],
    ['an empty header', '', 'Bearer', 'Sign in with Pi'],
    ['the scheme alone', 'Bearer', 'Bearer', 'Sign in with Pi'],
    ['another scheme', 'Basic YTpi', 'Bearer', 'Sign in with Pi'],
    ['the API key scheme', 'Key abc', 'Bearer', 'Sign in with Pi'],
    ['a token Pi does not know', 'Bearer invented', 'Bearer error="invalid_token"', 'Pi does not accept'],
    ['two tokens', 'Bearer a, Bearer b', 'Bearer error="invalid_token"', 'not one of Pi'],
    ['a token of other letters', 'Bearer g\u00f6\u00f6d', 'Bearer error="invalid_token"', 'not one of Pi'],
    ['a scheme ended by a tab', 'Bearer\tgood', 'Bearer', 'Sign in with Pi'],
    ['a token longer than any', `Bearer ${'x'.repeat(5_000)}`, 'Bearer error="invalid_token"', 'not one of Pi'],
  ])('%s is 401 with a challenge', async (_title, header, challenge, message) => {
    await start([Routes]);
    const answer = await get('open-by-default', header);
    expect(answer).toMatchObject({
      status: 401,
      challenge,
      retryAfter: null,
      body: { statusCode: 401, errorCode: 'PI_TOKEN_REFUSED', message: expect.stringContaining(message) },
    });
  });

  it('Pi being down is 503 with Retry-After, and no challenge', async () => {
    await start([Routes], { platformUrl: 'http://127.0.0.1:1/v2' });
    expect(await get('open-by-default', 'Bearer good')).toMatchObject({
      status: 503,
      challenge: null,
      retryAfter: expect.stringMatching(/^[1-9]\d*$/),
      body: { statusCode: 503, errorCode: 'PI_UNAVAILABLE' },
    });
  });

  it('a token of another app is 401 when appId is configured', async () => {
    await start([Routes], { appId: 'another-app' });
    const { accessToken } = await emulator.createPioneer({});
    expect(await get('open-by-default', `Bearer ${accessToken}`)).toMatchObject({
      status: 401,
      challenge: 'Bearer error="invalid_token"',
    });
  });

  it.each<[string[], number, string | null]>([
    [['username', 'payments'], 200, null],
    [['username'], 403, 'Bearer error="insufficient_scope", scope="payments"'],
    [['payments'], 403, 'Bearer error="insufficient_scope", scope="username"'],
    [[], 403, 'Bearer error="insufficient_scope", scope="payments username"'],
  ])('with the scopes %j of the route and its controller: %i', async (scopes, status, challenge) => {
    await start([GuardedRoutes]);
    const { accessToken } = await emulator.createPioneer({ scopes });
    for (const _ of ['cold', 'cached']) {
      expect(await get('guarded/payments', `Bearer ${accessToken}`)).toMatchObject({ status, challenge });
    }
  });

  it('@PiOptional lets callers without a token in, but none with a bad one', async () => {
    await start([GuardedRoutes]);
    const { uid, accessToken } = await emulator.createPioneer({ scopes: ['username'] });
    expect((await get('guarded/optional')).body).toEqual({ uid: 'anonymous' });
    expect((await get('guarded/optional', `Bearer ${accessToken}`)).body).toEqual({ uid });
    expect((await get('guarded/optional', 'Bearer invented')).status).toBe(401);
  });

  it('as APP_GUARD it guards every route but those of @PiPublic', async () => {
    @Controller('plain')
    class Plain {
      @Get()
      get() {
        return {};
      }
    }
    await start([GuardedRoutes, Plain], {}, [{ provide: APP_GUARD, useClass: PiAuthGuard }]);
    expect((await get('plain')).status).toBe(401);
    expect((await get('guarded/public')).body).toEqual({ uid: 'anonymous' });
    expect((await get('guarded/public', 'Bearer invented')).body).toEqual({ uid: 'anonymous' });
  });

  it.each<[string, number]>([
    ['of-controller', 200],
    ['scoped', 401],
  ])('a controller with @PiPublic is open, but not where a route names scopes: %s', async (path, status) => {
    @Controller('open')
    @PiPublic()
    class Open {
      @Get('of-controller')
      get() {
        return {};
      }
      @Get('scoped')
      @PiScopes('payments')
      scoped() {
        return {};
      }
    }
    await start([Open], {}, [{ provide: APP_GUARD, useClass: PiAuthGuard }]);
    expect((await get(`open/${path}`)).status).toBe(status);
  });

  it.each<[string, string[], number]>([
    ['the first of two headers counts', ['good', 'bad'], 200],
    ['and not the second', ['bad', 'good'], 401],
  ])('%s, as in every server of Node', async (_title, tokens, status) => {
    const pi = await StagedMe.start();
    pi.behaviour = (token) => (token === 'good' ? StagedMe.accept(token) : StagedMe.refuse());
    await start([Routes], { apiKey: 'key', platformUrl: pi.platformUrl });
    const [answer] = await once(
      request(`${url}/open-by-default`, {
        headers: ['host', 'shop', ...tokens.flatMap((token) => ['authorization', `Bearer ${token}`])],
      }).end(),
      'response',
    );
    answer.resume();
    expect(answer.statusCode).toBe(status);
    expect(pi.calls).toEqual([tokens[0]]);
    await pi.stop();
  });

  it('lets nobody in when a step of a guard of the app fails', async () => {
    class BrokenGuard extends PiAuthGuard {
      protected override extractToken(): string | undefined {
        throw new TypeError('cannot read a cookie');
      }
    }
    @Controller('broken')
    @UseGuards(BrokenGuard)
    @PiOptional()
    class Broken {
      @Get()
      get() {
        return {};
      }
    }
    await start([Broken]);
    running!.useLogger(false);
    expect((await get('broken', 'Bearer good')).status).toBe(500);
  });

  it('answers with its headers beside a catch-all filter of the app', async () => {
    @Catch()
    class CatchAll extends BaseExceptionFilter implements ExceptionFilter {
      override catch(exception: unknown, host: ArgumentsHost): void {
        super.catch(exception, host);
      }
    }
    await start([Routes], {}, [{ provide: APP_FILTER, useClass: CatchAll }]);
    expect(await get('open-by-default', 'Bearer invented')).toMatchObject({
      status: 401,
      challenge: 'Bearer error="invalid_token"',
    });
  });

  it.each([false, Promise.resolve(false)])('lets nobody in whom onVerified answers %p', async (verdict) => {
    @Injectable()
    class MembersGuard extends PiAuthGuard {
      protected override onVerified() {
        return verdict as Promise<boolean>;
      }
    }
    @Controller('members')
    @UseGuards(MembersGuard)
    class Members {
      @Get()
      get() {
        return {};
      }
    }
    await start([Members]);
    const { accessToken } = await emulator.createPioneer({});
    const headers = { authorization: `Bearer ${accessToken}` };
    for (const _ of ['cold', 'cached']) expect((await fetch(`${url}/members`, { headers })).status).toBe(403);
  });

  it('can be extended at every step', async () => {
    const seen: (Pioneer | undefined)[] = [];
    @Injectable()
    class CookieGuard extends PiAuthGuard {
      protected override getCarrier(context: ExecutionContext): object | undefined {
        return { request: super.getCarrier(context) };
      }
      protected override extractToken(carrier: { request: { headers: Record<string, string> } }): string | undefined {
        return carrier.request.headers['x-pi-token'];
      }
      protected override async onVerified(pioneer: Pioneer, context: ExecutionContext): Promise<void> {
        seen.push(getPioneer(context));
        if (pioneer.username === 'banned') throw new ForbiddenException('banned');
      }
      protected override toException(error: PiError): Error {
        return new ForbiddenException(`wrapped: ${error.code}`);
      }
    }
    @Controller('custom')
    @UseGuards(CookieGuard)
    class Custom {
      @Get()
      get(@PiUser('uid') uid: string) {
        return { uid };
      }
    }
    await start([Custom]);
    const call = async (token: string) => {
      const response = await fetch(`${url}/custom`, { headers: { 'x-pi-token': token } });
      return (await response.json()) as object;
    };
    const good = await emulator.createPioneer({});
    const banned = await emulator.createPioneer({ username: 'banned' });
    for (const _ of ['cold', 'cached']) {
      expect(await call(good.accessToken)).toEqual({ uid: good.uid });
      expect(await call(banned.accessToken)).toMatchObject({ statusCode: 403, message: 'banned' });
    }
    expect(await call('invented')).toMatchObject({ statusCode: 403, message: 'wrapped: PI_TOKEN_REFUSED' });
    expect(seen[0]?.uid).toBe(good.uid);
  });

  it('a client that hangs up gives up its check', async () => {
    const pi = await StagedMe.start();
    pi.behaviour = () => 'hold';
    await start([Routes], { apiKey: 'key', platformUrl: pi.platformUrl, auth: { concurrentChecks: 1 } });
    const ask = (token: string) => {
      const client = request(`${url}/open-by-default`, { headers: { authorization: `Bearer ${token}` } }).end();
      return client.on('error', () => undefined);
    };
    const checks = jest.spyOn(running!.get(PiAuthService), 'verify');
    const first = ask('first');
    await eventually(() => pi.open === 1);
    const second = ask('second');
    await eventually(() => checks.mock.calls.length === 2);
    second.destroy();
    await expect(checks.mock.results[1]!.value).rejects.toThrow('The client has gone.');
    pi.behaviour = StagedMe.accept;
    pi.release();
    await once(first, 'response');
    expect(pi.calls).toEqual(['first']);
    await pi.stop();
  });
});

describe('PiAuthGuard in a context it does not know', () => {
  it('denies', async () => {
    const guard = new PiAuthGuard({ peek: () => ({ uid: 'x' }) } as never);
    const context = { getType: () => 'carrier-pigeon', getHandler: () => Routes, getClass: () => Routes };
    expect(guard.canActivate(context as never)).toBe(false);
  });
});
