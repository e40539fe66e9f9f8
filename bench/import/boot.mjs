// Boots an application context and says how long that took; what it needs is imported before the clock starts.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HttpModule } from '@nestjs/axios';
import { PiModule } from 'nestjs-pi';

const imports = {
  HttpModule: () => HttpModule.register({}),
  PiModule: () => PiModule.forRoot({ apiKey: 'bench', network: 'testnet' }),
};
class BootModule {}
Module({ imports: [imports[process.argv[2]]()] })(BootModule);

const start = performance.now();
const app = await NestFactory.createApplicationContext(BootModule, { logger: false });
console.log(JSON.stringify({ ms: performance.now() - start }));
await app.close();
