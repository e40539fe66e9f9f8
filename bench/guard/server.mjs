// `server.mjs ADAPTER GUARD`: one trivial route behind one guard. A process for each, as in an app: in a common one they share
// the call sites of Nest and one heap, and what one guard does there is paid by the next.
import 'reflect-metadata';
import { Controller, Get, Injectable, Module, UnauthorizedException, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JwtModule, JwtService } from '@nestjs/jwt';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { PiAuthGuard, PiModule } from 'nestjs-pi';
import { Strategy } from 'passport-http-bearer';
import { PiEmulator } from 'pi-emulator';
import { answer, cpuMicros } from '../support.mjs';

class NoopGuard {
  canActivate() {
    return true;
  }
}
Injectable()(NoopGuard);

/** The guard of Nest's own documentation of `@nestjs/jwt`. */
class JwtGuard {
  constructor(jwt) {
    this.jwt = jwt;
  }
  async canActivate(context) {
    const request = context.switchToHttp().getRequest();
    const [type, token] = request.headers.authorization?.split(' ') ?? [];
    if (type !== 'Bearer') throw new UnauthorizedException();
    try {
      request.user = await this.jwt.verifyAsync(token);
    } catch {
      throw new UnauthorizedException();
    }
    return true;
  }
}
Injectable()(JwtGuard);
Reflect.defineMetadata('design:paramtypes', [JwtService], JwtGuard);

/** The least a passport strategy can do: the token is looked up in a Map. */
const sessions = new Map();
class BearerStrategy extends PassportStrategy(Strategy) {
  validate(token) {
    return sessions.get(token) ?? null;
  }
}
Injectable()(BearerStrategy);
Reflect.defineMetadata('design:paramtypes', [], BearerStrategy);

const [, , adapterName, guardName] = process.argv;
const guards = { open: undefined, noop: NoopGuard, pi: PiAuthGuard, jwt: JwtGuard, passport: AuthGuard('bearer') };
class TrivialController {
  get() {
    return { ok: true };
  }
}
Controller()(TrivialController);
Get()(TrivialController.prototype, 'get', Object.getOwnPropertyDescriptor(TrivialController.prototype, 'get'));
if (guards[guardName]) UseGuards(guards[guardName])(TrivialController);

const pi = await PiEmulator.start({ port: 0 });
class AppModule {}
Module({
  imports: [
    PiModule.forRoot({
      apiKey: pi.apiKey,
      network: pi.network,
      platformUrl: pi.platformUrl,
      horizonUrl: pi.horizonUrl,
      auth: { cacheMs: 3_600_000 },
    }),
    JwtModule.register({ secret: 'a-secret-of-this-benchmark' }),
    PassportModule,
  ],
  controllers: [TrivialController],
  providers: [BearerStrategy],
})(AppModule);

const adapter = adapterName === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
const app = await NestFactory.create(AppModule, adapter, { logger: ['error', 'warn'] });
await app.listen(0, '127.0.0.1');
const { accessToken, uid } = await pi.createPioneer({});
sessions.set(accessToken, { uid });
const jwt = await app.get(JwtService, { strict: false }).signAsync({ sub: uid });

process.on('SIGTERM', () => Promise.all([app.close(), pi.stop()]).then(() => process.exit(0)));
await answer({ url: await app.getUrl(), token: guardName === 'jwt' ? jwt : accessToken }, () => ({ cpu: cpuMicros() }));
