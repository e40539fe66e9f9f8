// A burst with one cold token costs Pi one call; what 100,000 cached tokens cost in memory.
import 'reflect-metadata';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PiAuthService, PiModule } from 'nestjs-pi';
import { createServer } from 'node:http';
import { quick, report, round } from '../support.mjs';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');
const heap = () => (gc(), process.memoryUsage().heapUsed);

let calls = 0;
const me = createServer((request, response) => {
  calls += 1;
  const uid = `00000000-0000-4000-8000-${String(calls).padStart(12, '0')}`;
  const until = Math.floor(Date.now() / 1000) + 3600;
  const credentials = {
    scopes: ['username', 'payments'],
    valid_until: { timestamp: until, iso8601: new Date(until * 1000).toISOString() },
  };
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ uid, username: `pioneer${calls}`, credentials }));
});
await new Promise((done) => me.listen(0, '127.0.0.1', done));

const size = quick ? 10_000 : 100_000;
class BenchModule {}
Module({
  imports: [
    PiModule.forRoot({
      apiKey: 'bench',
      network: 'testnet',
      platformUrl: `http://127.0.0.1:${me.address().port}/v2`,
      http: { connections: 128 },
      auth: { cacheMs: 3_600_000, cacheSize: size + 1, concurrentChecks: 64, queuedChecks: 10_000 },
    }),
  ],
})(BenchModule);
const app = await NestFactory.createApplicationContext(BenchModule, { logger: ['error'] });
const auth = app.get(PiAuthService);

await Promise.all(Array.from({ length: 1_000 }, () => auth.verify('one_cold_token_asked_for_by_a_thousand')));
const burst = calls;

const before = heap();
for (let i = 0; i < size; i += 500)
  await Promise.all(
    Array.from({ length: 500 }, (_, k) => auth.verify(`token_${i + k}_0123456789abcdef0123456789abcdef`)),
  );
const bytes = heap() - before;
report('burst', 'The verified-token cache', {
  'calls of /me for 1,000 requests with one cold token': { value: burst, bar: '1' },
  [`MiB of heap for ${size} cached tokens`]: { value: round(bytes / 2 ** 20, 1), bar: '' },
  'bytes a token': { value: Math.round(bytes / size), bar: '' },
});
await app.close();
me.closeAllConnections();
me.close();
if (burst !== 1) process.exitCode = 1;
