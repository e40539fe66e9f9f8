// Pi's own pi-backend as its README says: create, submit, complete, one payment after the other.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { default: PiNetwork } = require('pi-backend');
const StellarSdk = require('stellar-sdk');

const { app, count } = JSON.parse(process.argv[2]);
const pi = new PiNetwork(app.apiKey, app.wallets[0].seed, { baseUrl: new URL(app.platformUrl).origin });
// Its Horizon addresses are written into the package; nothing else of it is touched.
pi.getHorizonClient = (network) => {
  pi.NETWORK_PASSPHRASE = network;
  return new StellarSdk.Server(app.horizonUrl, { allowHttp: true });
};
for (let i = 0; i < count; i += 1) {
  const payment = { amount: 0.5, memo: 'bench', metadata: { bench: i }, uid: app.uids[i] };
  const paymentId = await pi.createPayment(payment);
  const txid = await pi.submitPayment(paymentId);
  await pi.completePayment(paymentId, txid);
}
process.exit(0);
