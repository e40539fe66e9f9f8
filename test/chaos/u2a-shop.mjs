// One instance of a shop, to be killed: plain node on the built packages. Prints `ready <url>`.
//
//   node u2a-shop.mjs '{ "pi": {…}, "databaseUrl": "…", "throwing": 0.1 }'
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { OnPiPayment, PiModule, PiPaymentRefusedError } from 'nestjs-pi';

const order = JSON.parse(process.argv[2]);

class Payments {
  approve(payment) {
    if (payment.metadata.product !== 'mug') throw new PiPaymentRefusedError('no such product');
    return { amount: '1.5' };
  }

  async deliver(payment, tx) {
    // No unique constraint: a second delivery has to show.
    await tx.query('insert into shop_deliveries (payment_id, uid, txid) values ($1, $2, $3)', [
      payment.id,
      payment.uid,
      payment.txid,
    ]);
    if (Math.random() < order.throwing) throw new Error('the shop has a bad moment');
  }
}
for (const [event, method] of [
  ['approve', 'approve'],
  ['completed', 'deliver'],
]) {
  OnPiPayment(event)(Payments.prototype, method, Object.getOwnPropertyDescriptor(Payments.prototype, method));
}

class App {}
Module({
  imports: [
    PiModule.forRoot({
      ...order.pi,
      ledger: { url: order.databaseUrl },
      payments: { sweepMs: 200, abandonAfterMs: 60_000 },
      paymentsController: true,
    }),
  ],
  providers: [Payments],
})(App);

const app = await NestFactory.create(App, { logger: false });
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
process.stdout.write(`ready ${await app.getUrl()}\n`);
