// Payouts per closed ledger and calls per payout, beside Pi's own pi-backend used as its README says, on the same emulator.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import setup from '../../test/global-setup.mjs';
import teardown from '../../test/global-teardown.mjs';
import { child, median, quick, report, round } from '../support.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const ledgerMs = 1_000;
const perWallet = quick ? 8 : 60;
/** The first payouts of a run find an idle lane; the figures are of what comes after. */
const warmUp = quick ? 2 : 5;

await setup();
const server = new URL(process.env.TEST_DATABASE_URL);

async function freshDatabase(name) {
  const client = new pg.Client({ connectionString: server.href });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  return Object.assign(new URL(server.href), { pathname: `/${name}` }).href;
}

async function measure(name, script, wallets) {
  const count = wallets * perWallet;
  const pi = child(join(here, 'pi.mjs'), { core: 0, args: [wallets, ledgerMs, count] });
  try {
    const app = await pi.ready;
    const url = await freshDatabase(name.replaceAll(/\W/g, '_'));
    const worker = spawn(process.execPath, [join(here, script), JSON.stringify({ app, url, count, wallets })], {
      stdio: 'inherit',
    });
    const [status] = await once(worker, 'exit');
    if (status !== 0) throw new Error(`${name} ended with ${status}`);
    return { name, wallets, count, ...(await pi.ask({})) };
  } finally {
    await pi.stop();
  }
}

/** Of the wallets' steady state: how many payouts a ledger took, and how often Pi and Horizon were called for each. */
function figures({ name, wallets, count, applied, closes, calls }) {
  if (applied.length !== count) throw new Error(`${name}: ${applied.length} transactions for ${count} payouts`);
  const ledgers = applied
    .map(({ ledger }) => ledger)
    .toSorted((a, b) => a - b)
    .slice(warmUp * wallets);
  const span = ledgers.at(-1) - ledgers[0] + 1;
  return {
    'payouts a ledger': round(ledgers.length / span, 2),
    'calls a payout': round(calls.length / count, 2),
    'Horizon calls from a close to the next entry (median)': wallets === 1 ? median(callsToEntry(calls, closes)) : '',
  };
}

/** Calls of the chain on the way from a ledger's close to the next submit, that submit among them. */
function callsToEntry(calls, closes) {
  const chain = calls
    .filter(({ path }) => !path.startsWith('/v2'))
    .map((call) => ({ ...call, at: Date.parse(call.time) }));
  const entries = chain.filter(({ method }) => method === 'POST').slice(warmUp);
  return entries.map((entry) => {
    const close = closes.findLast((at) => at <= entry.at) ?? 0;
    return chain.filter(({ at }) => at >= close && at <= entry.at).length;
  });
}

const one = figures(await measure('nestjs-pi, 1 wallet', 'ours.mjs', 1));
const eight = figures(await measure('nestjs-pi, 8 wallets', 'ours.mjs', 8));
const official = figures(await measure('pi-backend, 1 wallet', 'pi-backend.mjs', 1));
const against = (row) => ({
  ...row,
  '÷ nestjs-pi, 1 wallet': round(row['payouts a ledger'] / one['payouts a ledger'], 2),
});
report(
  'payouts',
  `${perWallet} payouts a wallet, a ledger every ${ledgerMs} ms`,
  {
    'nestjs-pi, 1 wallet': against(one),
    'nestjs-pi, 8 wallets': against(eight),
    'pi-backend, 1 wallet': against(official),
  },
  { bar: 'payouts a ledger ≥ 0.98, 8 wallets ≥ 7.8, calls a payout ≤ 6, to the next entry ≤ 2' },
);
await teardown();
