// nestjs-pi: asks for every payout at once, and lets the lanes work them off.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { A2UService, PiModule } from 'nestjs-pi';

const { app, url, count, wallets } = JSON.parse(process.argv[2]);
class BenchModule {}
Module({
  imports: [
    PiModule.forRoot({
      apiKey: app.apiKey,
      network: app.network,
      platformUrl: app.platformUrl,
      horizonUrl: app.horizonUrl,
      ledger: { url },
      wallets: app.wallets.slice(0, wallets).map(({ seed }) => ({ signer: { seed } })),
    }),
  ],
})(BenchModule);

const nest = await NestFactory.createApplicationContext(BenchModule, { logger: ['error'] });
const payouts = nest.get(A2UService);
const asked = [];
for (let i = 0; i < count; i += 1) {
  const wallet = app.wallets[i % wallets].address;
  asked.push(
    await payouts.pay({ idempotencyKey: `bench:${i}`, uid: app.uids[i], amount: '0.5', memo: 'bench', wallet }),
  );
}
const settled = await Promise.all(asked.map(({ id }) => payouts.whenSettled(id, { timeoutMs: 900_000 })));
const completed = settled.filter(({ state }) => state === 'completed').length;
await nest.close();
if (completed !== count) throw new Error(`${completed} of ${count} payouts completed`);
process.exit(0);
