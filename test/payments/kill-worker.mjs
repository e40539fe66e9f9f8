// One process of a shop that dies by SIGKILL at the n-th step of a payment. Plain node on the built packages, so that a
// kill is a kill: no transformer, no parent, nothing to clean up.
//
//   node kill-worker.mjs '<JSON of WorkerOrder>'
//
// A step is the moment before, or after, a call of Pi, of Horizon or of the database; `step <n> <name>` is printed as each
// is reached. Without a `payment` in the order it is the shop started again: it serves, and prints `ready <url>`.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { OnPiPayment, PaymentsService, PiAuthService, PiHorizonClient, PiModule, PiPlatformClient } from 'nestjs-pi';
import pg from 'pg';

const order = JSON.parse(process.argv[2]);
let armed = false;
let steps = 0;

function step(name) {
  if (!armed) return;
  steps += 1;
  process.stdout.write(`step ${steps} ${name}\n`);
  if (steps === order.killAt) process.kill(process.pid, 'SIGKILL');
}

/** Makes a call of `prototype[method]` two steps. */
function watch(prototype, method, nameOf) {
  const call = prototype[method];
  prototype[method] = async function watched(...args) {
    const name = nameOf(...args);
    step(`before ${name}`);
    const answer = await call.apply(this, args);
    step(`after ${name}`);
    return answer;
  };
}

for (const method of ['me', 'getPayment', 'approvePayment', 'completePayment']) {
  watch(PiPlatformClient.prototype, method, () => method);
}
watch(PiHorizonClient.prototype, 'transaction', () => 'horizon');
watch(pg.Client.prototype, 'query', (query) =>
  String(query.text ?? query)
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 60),
);

class Payments {
  approve() {
    return { amount: '1.5' };
  }
  async deliver(payment, tx) {
    await tx.query('insert into shop_deliveries (payment_id, txid) values ($1, $2)', [payment.id, payment.txid]);
  }
}
const handles = (event, method) =>
  OnPiPayment(event)(Payments.prototype, method, Object.getOwnPropertyDescriptor(Payments.prototype, method));
handles('approve', 'approve');
handles('completed', 'deliver');

const { payment } = order;
class App {}
Module({
  imports: [
    PiModule.forRoot({
      ...order.pi,
      ledger: { url: order.databaseUrl },
      payments: { sweepMs: order.sweepMs },
      paymentsController: true,
    }),
  ],
  providers: [Payments],
})(App);

const app = await NestFactory.create(App, { logger: ['error'] });
if (payment) {
  await app.init();
  const payments = app.get(PaymentsService);
  // The reconciler stays out of it: what it does are not this payment's steps.
  await payments.flow.beforeApplicationShutdown();
  armed = true;
  await payments.approve(payment.id, await app.get(PiAuthService).verify(payment.accessToken));
  const signed = await fetch(`${payment.controlUrl}/payments/${payment.id}/sign`, { method: 'POST' });
  if (!signed.ok) throw new Error(`sign: ${signed.status} ${await signed.text()}`);
  await payments.complete(payment.id, (await signed.json()).txid);
  armed = false;
  await app.close();
} else {
  app.enableShutdownHooks();
  await app.listen(0, '127.0.0.1');
  process.stdout.write(`ready ${await app.getUrl()}\n`);
}
