// A thousand requests with one cold token: what they cost where each asks Pi, and where they share one call. Then what a cached token
// costs in memory, beside a plain Map of Pi's answers by token.
import 'reflect-metadata';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PiAuthService, PiModule, PiPlatformClient } from 'nestjs-pi';
import { createServer } from 'node:http';
import { alternate, median, quick, ratio, report, round } from '../support.mjs';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');
const held = () => (gc(), process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers);

const rounds = quick ? 3 : 21;
const requests = 1_000;
const memoryRounds = 3;
const size = quick ? 10_000 : 100_000;

let calls = 0;
/** What Pi says of its n-th caller. */
const answerTo = (n) => {
  const uid = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  const until = Math.floor(Date.now() / 1000) + 3600;
  const valid_until = { timestamp: until, iso8601: new Date(until * 1000).toISOString() };
  return JSON.stringify({
    uid,
    username: `pioneer${n}`,
    credentials: { scopes: ['username', 'payments'], valid_until },
  });
};
const me = createServer((request, response) => {
  calls += 1;
  response.writeHead(200, { 'content-type': 'application/json' }).end(answerTo(calls));
});
await new Promise((done) => me.listen(0, '127.0.0.1', done));

async function boot(cacheSize = size + 1) {
  class BenchModule {}
  Module({
    imports: [
      PiModule.forRoot({
        apiKey: 'bench',
        network: 'testnet',
        platformUrl: `http://127.0.0.1:${me.address().port}/v2`,
        http: { connections: 128 },
        auth: { cacheMs: 3_600_000, cacheSize, concurrentChecks: 64, queuedChecks: 10_000 },
      }),
    ],
  })(BenchModule);
  return NestFactory.createApplicationContext(BenchModule, { logger: ['error'] });
}

const app = await boot();
const [auth, platform] = [app.get(PiAuthService), app.get(PiPlatformClient)];
let cold = 0;
const ask = { 'each asks Pi': (token) => platform.me(token), 'nestjs-pi': (token) => auth.verify(token) };
const variants = Object.keys(ask);
const callsOf = Object.fromEntries(variants.map((variant) => [variant, []]));
async function burst(variant) {
  const token = `cold_token_${(cold += 1)}_0123456789abcdef0123456789`;
  const [startedAt, callsBefore] = [performance.now(), calls];
  await Promise.all(Array.from({ length: requests }, () => ask[variant](token)));
  callsOf[variant].push(calls - callsBefore);
  return performance.now() - startedAt;
}
for (const variant of [...variants, ...variants]) await burst(variant); // warm
const figures = await alternate(rounds, variants, burst);
await app.close();
const most = Math.max(...callsOf['nestjs-pi']);
report(
  'burst',
  `${requests} requests at once with one cold token: ${rounds} alternating rounds`,
  Object.fromEntries(
    variants.map((variant) => [
      variant,
      {
        'calls of /me (most)': Math.max(...callsOf[variant]),
        'ms (median)': round(median(figures[variant])),
        'each asks ÷ this': ratio(figures['each asks Pi'], figures[variant]),
      },
    ]),
  ),
  { bar: 'nestjs-pi: 1 call' },
);

const tokenOf = (i) => `token_${i}_0123456789abcdef0123456789abcdef`;
const fill = {
  'Map of answers': () => {
    const answers = new Map();
    for (let i = 0; i < size; i += 1) answers.set(tokenOf(i), JSON.parse(answerTo(i)));
    return { drop: () => answers.clear() };
  },
  'nestjs-pi': async () => {
    const small = await boot(1); // all but the cache, with connections and code
    await small.get(PiAuthService).verify(tokenOf(size));
    const before = held();
    await small.close();
    const filled = await boot();
    const cache = filled.get(PiAuthService);
    for (let i = 0; i < size; i += 500)
      await Promise.all(Array.from({ length: 500 }, (_, k) => cache.verify(tokenOf(i + k))));
    return { before, drop: () => filled.close() };
  },
};
const bytes = await alternate(memoryRounds, Object.keys(fill), async (variant) => {
  const empty = held();
  const { before = empty, drop } = await fill[variant]();
  const grown = held() - before;
  await drop(); // holds what was measured until now
  return grown / size;
});
report(
  'memory',
  `Memory for ${size} cached tokens: ${memoryRounds} alternating rounds`,
  Object.fromEntries(
    Object.keys(fill).map((variant) => [
      variant,
      {
        'bytes a token (median)': Math.round(median(bytes[variant])),
        'MiB (median)': round((median(bytes[variant]) * size) / 2 ** 20, 1),
        '÷ Map of answers': ratio(bytes[variant], bytes['Map of answers']),
      },
    ]),
  ),
);
me.closeAllConnections();
me.close();
if (most !== 1) process.exitCode = 1;
