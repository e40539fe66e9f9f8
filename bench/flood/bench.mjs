// 10,000 invented tokens at full speed while a Pioneer with a cached token goes on working: how long does the Pioneer wait?
import 'reflect-metadata';
import { createServer } from 'node:http';
import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PiAuthGuard, PiModule } from 'nestjs-pi';
import { request } from 'undici';
import { percentile, quick, report, round } from '../support.mjs';

const invented = quick ? 1_000 : 10_000;
const good = 'good_token_0123456789abcdef0123456789';
const concurrentChecks = 16;
let open = 0;
let most = 0;
const me = createServer((incoming, response) => {
  most = Math.max(most, (open += 1));
  const until = Math.floor(Date.now() / 1000) + 3600;
  const known = incoming.headers.authorization === `Bearer ${good}`;
  const body = JSON.stringify({
    uid: '00000000-0000-4000-8000-000000000001',
    credentials: { scopes: [], valid_until: { timestamp: until, iso8601: new Date(until * 1000).toISOString() } },
  });
  setTimeout(
    () => {
      open -= 1;
      response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' }).end(known ? body : undefined);
    },
    known ? 0 : 50,
  );
});
await new Promise((done) => me.listen(0, '127.0.0.1', done));

class HelloController {
  hello() {
    return { ok: true };
  }
}
Controller('hello')(HelloController);
UseGuards(PiAuthGuard)(HelloController);
Get()(HelloController.prototype, 'hello', Object.getOwnPropertyDescriptor(HelloController.prototype, 'hello'));
class BenchModule {}
Module({
  imports: [
    PiModule.forRoot({
      apiKey: 'bench',
      network: 'testnet',
      platformUrl: `http://127.0.0.1:${me.address().port}/v2`,
      auth: { concurrentChecks, queuedChecks: 256, cacheMs: 3_600_000 },
    }),
  ],
  controllers: [HelloController],
})(BenchModule);
const app = await NestFactory.create(BenchModule, { logger: false });
await app.listen(0, '127.0.0.1');
const url = `${await app.getUrl()}/hello`;
const call = async (token) => {
  const { statusCode, body } = await request(url, { headers: { authorization: `Bearer ${token}` } });
  await body.dump();
  return statusCode;
};
const timed = async () => {
  const start = performance.now();
  const status = await call(good);
  if (status !== 200) throw new Error(`the good token was answered ${status}`);
  return performance.now() - start;
};

await call(good);
const calm = [];
for (let i = 0; i < 500; i += 1) calm.push(await timed());
const state = { flooding: true };
const statuses = {};
let next = 0;
const flood = Promise.all(
  Array.from({ length: 64 }, async () => {
    while (next < invented) {
      const status = await call(`invented_${(next += 1)}_0123456789abcdef0123456789`);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  }),
).finally(() => {
  state.flooding = false;
});
const during = [];
while (state.flooding) during.push(await timed());
await flood;

report(
  'flood',
  `${invented} invented tokens, 64 at a time, beside one Pioneer with a cached token`,
  {
    calm: { 'p50 ms': round(percentile(calm, 0.5)), 'p99 ms': round(percentile(calm, 0.99)) },
    flooded: { 'p50 ms': round(percentile(during, 0.5)), 'p99 ms': round(percentile(during, 0.99)) },
  },
  {
    'most /me calls at a time': `${most} (limit ${concurrentChecks})`,
    'answers to the invented': JSON.stringify(statuses),
    'heap used, MiB': round(process.memoryUsage().heapUsed / 2 ** 20, 1),
  },
);
await app.close();
me.closeAllConnections();
me.close();
if (most > concurrentChecks) process.exitCode = 1;
process.exit();
