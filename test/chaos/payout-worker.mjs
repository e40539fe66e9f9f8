// One instance of an app that pays, as a process of its own: to be killed. Built code, plain Node.
//
//   node test/chaos/payout-worker.mjs '{"pi":{…},"ledger":{…},"pay":[…],"killAt":{"step":"submit_posted"}}'
//
// Prints one JSON line for each thing that happens: {"ready":true}, {"settled":{…}}.
import { Logger } from '@nestjs/common';
import { LedgerA2UService } from '../../libs/pi/dist/a2u/ledger-a2u.service.js';
import { PiHorizonClient } from '../../libs/pi/dist/chain/horizon-client.js';
import { createPiHttp } from '../../libs/pi/dist/http/pi-http.js';
import { PiLedger } from '../../libs/pi/dist/ledger/pi-ledger.js';
import { resolveOptions } from '../../libs/pi/dist/options/resolve-options.js';
import { PiPlatformClient } from '../../libs/pi/dist/platform/platform.client.js';

const {
  pi,
  ledger: ledgerOptions,
  pay = [],
  cancel = [],
  killAt,
  settings,
  http: httpOptions,
} = JSON.parse(process.argv[2]);
if (!process.env.TEST_LOG) Logger.overrideLogger(false);

const options = resolveOptions({
  apiKey: pi.apiKey,
  network: pi.network,
  platformUrl: pi.platformUrl,
  horizonUrl: pi.horizonUrl,
  wallets: pi.wallets.map(({ seed }) => ({ signer: { seed } })),
  ledger: ledgerOptions,
});
const http = createPiHttp({ retries: 0, ...httpOptions });
const ledger = new PiLedger(ledgerOptions);
const payouts = new LedgerA2UService({
  options,
  ledger,
  horizon: new PiHorizonClient({ http, horizonUrl: options.horizonUrl }),
  platform: new PiPlatformClient({ http, apiKey: options.apiKey, platformUrl: options.platformUrl }),
  // A SIGKILL takes nothing from the operating system: what was committed is there, fsync or not.
  inside: { settings, canLoseCommits: false, onStep },
});

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

function onStep(step) {
  if (killAt?.step !== step) return undefined;
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
}

const asked = [];
for (const request of pay) asked.push(await payouts.pay(request));
for (const key of cancel) asked.push(await payouts.cancel((await payouts.find(key)).id));
await payouts.onApplicationBootstrap();
say({ ready: true });
for (const { id } of asked) say({ settled: await payouts.whenSettled(id) });

if (killAt) {
  // Death comes from within.
} else if (asked.length > 0) {
  await stop();
} else {
  process.once('SIGTERM', () => void stop());
}

async function stop() {
  await payouts.beforeApplicationShutdown();
  await http.close();
  await ledger.onApplicationShutdown();
}
