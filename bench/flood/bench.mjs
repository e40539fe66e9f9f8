// 10,000 invented tokens at full speed while a Pioneer with a cached token goes on working: how long does the Pioneer wait?
import 'reflect-metadata';
import { createServer } from 'node:http';
import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PiAuthGuard, PiModule } from 'nestjs-pi';
import { request } from 'undici';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { alternate, median, percentile, quick, ratio, report, round } from '../support.mjs';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');
const heap = () => (gc(), process.memoryUsage().heapUsed / 2 ** 20);

const rounds = 5;
/** A round, and at a time: more than find a place to wait. */
const invented = (quick ? 2_000 : 10_000) / rounds;
const clients = 320;
/** What 10,000 refusals may leave behind, in MiB. */
const heapBound = 32;
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

const statuses = {};
let next = 0;
async function flood() {
  const end = next + invented;
  const client = async () => {
    while (next < end) {
      const status = await call(`invented_${(next += 1)}_0123456789abcdef0123456789`);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
}

/** What the Pioneer waits meanwhile: 99 of 100 requests no longer, in milliseconds. */
const p99 = {
  calm: async () => {
    const waits = [];
    for (let i = 0; i < 500; i += 1) waits.push(await timed());
    return percentile(waits, 0.99);
  },
  flooded: async () => {
    const waits = [];
    const state = { flooding: true };
    const over = flood().finally(() => (state.flooding = false));
    while (state.flooding) waits.push(await timed());
    await over;
    return percentile(waits, 0.99);
  },
};

await call(good);
await p99.calm(); // warm
const before = heap();
const figures = await alternate(rounds, ['calm', 'flooded'], (variant) => p99[variant]());
const grown = heap() - before;

report(
  'flood',
  `${rounds} alternating rounds, calm and with ${invented} invented tokens, ${clients} at a time, beside one Pioneer with a cached token`,
  {
    calm: { 'p99 ms (median)': round(median(figures.calm)), '÷ calm': 1 },
    flooded: { 'p99 ms (median)': round(median(figures.flooded)), '÷ calm': ratio(figures.flooded, figures.calm) },
  },
  {
    'most /me calls at a time': `${most} (limit ${concurrentChecks})`,
    'answers to the invented': JSON.stringify(statuses),
    'heap grown by the flood, MiB': `${round(grown, 1)} (limit ${heapBound})`,
  },
);
await app.close();
me.closeAllConnections();
me.close();
if (most > concurrentChecks || grown > heapBound || !statuses[503]) process.exitCode = 1;
process.exit();
