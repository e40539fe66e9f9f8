// A whole sign-in through the packages: module, guard, emulator.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PiAuthGuard, PiModule } from 'nestjs-pi';
import * as config from 'nestjs-pi/config';
import * as swagger from 'nestjs-pi/swagger';
import * as terminus from 'nestjs-pi/terminus';
import * as testing from 'nestjs-pi/testing';
import * as websockets from 'nestjs-pi/websockets';
import { PiEmulator } from 'pi-emulator';

for (const [name, namespace] of Object.entries({ config, swagger, terminus, testing, websockets })) {
  assert.ok(Object.keys(namespace).length > 0, `nestjs-pi/${name} exports nothing`);
}

class HelloController {
  hello() {
    return { hello: 'Pioneer' };
  }
}
Controller('hello')(HelloController);
UseGuards(PiAuthGuard)(HelloController);
Get()(HelloController.prototype, 'hello', Object.getOwnPropertyDescriptor(HelloController.prototype, 'hello'));

const pi = await PiEmulator.start({ port: 0 });
class AppModule {}
Module({
  imports: [
    PiModule.forRoot({
      apiKey: pi.apiKey,
      network: pi.network,
      platformUrl: pi.platformUrl,
      horizonUrl: pi.horizonUrl,
    }),
  ],
  controllers: [HelloController],
})(AppModule);

const app = await NestFactory.create(AppModule, { logger: ['error'] });
await app.listen(0, '127.0.0.1');
const { accessToken } = await pi.createPioneer({ username: 'smoke' });
const get = async (headers) => (await fetch(`${await app.getUrl()}/hello`, { headers })).status;
assert.equal(await get({ authorization: `Bearer ${accessToken}` }), 200);
assert.equal(await get({ authorization: 'Bearer not-a-token-of-pi' }), 401);
await app.close();
await pi.stop();
console.log('✓ import');
