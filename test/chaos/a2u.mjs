import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { PiEmulator } from 'pi-emulator';
import { diceOf } from './dice.mjs';

const WORKER = fileURLToPath(new URL('payout-worker.mjs', import.meta.url));
const PIONEERS = 12;
const LEDGER_MS = 100;
const SETTLE_MS = 180_000;
/** Beside the payouts that have to be paid, as a share of them: somebody cancels these at a random moment. */
const CANCELLED = 0.1;
/** Long enough to get something done, short enough to be hit in the middle of it. */
const LONGEST_LIFE_MS = 1_500;
const SETTINGS = {
  leaseMs: 400,
  idleMs: 300,
  backoffMs: 30,
  maxBackoffMs: 300,
  depth: 2,
  patienceMs: 60_000,
  drainMs: 2_000,
  haltMs: 300,
};

const FAULTS = [
  { match: { method: 'POST', path: '/v2/payments' }, fault: 'drop_after', probability: 0.06 },
  { match: { path: '/v2/payments' }, fault: 'drop_before', probability: 0.04 },
  { match: { path: '/v2/payments' }, fault: 'error', status: 500, probability: 0.04 },
  { match: { path: '/v2/payments' }, fault: 'malformed', probability: 0.02 },
  { match: { path: '/v2/payments' }, fault: 'latency', latencyMs: 200, probability: 0.08 },
  { match: { path: '/transactions' }, fault: 'drop_after', probability: 0.05 },
  { match: { path: '/transactions' }, fault: 'error', status: 504, probability: 0.04 },
  { match: { path: '/accounts' }, fault: 'error', status: 503, probability: 0.04 },
  { match: { path: '/accounts' }, fault: 'latency', latencyMs: 200, probability: 0.05 },
];

/**
 * Instances of a paying app, on one wallet and one database, are killed at random moments while Pi, Horizon and strangers do
 * their worst. Then the weather clears, and the books are compared: the chain's against Pi's against the ledger's.
 *
 * @param {{ serverUrl: string, kills: number, workers: number, payouts: number, seed: number, say: (line: string) => void }} options
 * @returns {Promise<{ summary: string, sound: boolean }>}
 */
export async function chaosA2U({ serverUrl, kills, workers, payouts, seed, say }) {
  const dice = diceOf(seed);
  const database = await createDatabase(serverUrl);
  const pi = await PiEmulator.start({ port: 0, ledgerMs: LEDGER_MS, seed });
  const order = JSON.stringify({
    pi: pi.app(),
    ledger: { url: database.url },
    settings: SETTINGS,
    http: { timeoutMs: 2_000 },
  });
  const fleet = new Fleet(order, dice.fork());
  let weather;
  try {
    await fleet.migrate();
    const asked = await ask({ pi, database, payouts, dice });
    weather = badWeather(pi, dice.fork());
    const cancelling = cancelSome({ database, strays: asked.strays, fleet, kills, dice: dice.fork() });
    await fleet.live(workers, kills);
    await cancelling;
    weather.end();
    say(`${fleet.kills} kills; the weather clears`);
    const open = await settled(database.pool);
    const books = await compare({ pi, database, asked, open, say });
    const { applied, double, lost } = books;
    return {
      summary: `kills ${fleet.kills} · payouts ${payouts} · applied ${applied} · double ${double} · lost ${lost}`,
      sound: double === 0 && lost === 0 && applied === payouts,
    };
  } finally {
    weather?.end();
    await fleet.stop();
    await pi.stop();
    await database.drop();
  }
}

/** Instances that are killed and started again; the last ones live on. */
class Fleet {
  kills = 0;
  #children = new Set();

  constructor(order, dice) {
    this.order = order;
    this.dice = dice;
  }

  /** One instance alone brings the schema up, so that payouts can be asked for. */
  async migrate() {
    const child = this.#start();
    await ready(child);
    child.kill('SIGTERM');
    await once(child, 'close');
  }

  async live(size, kills) {
    let left = kills;
    const berth = async (dice) => {
      for (;;) {
        const child = this.#start();
        await ready(child);
        if (left <= 0) return;
        left -= 1;
        await sleep(dice.below(LONGEST_LIFE_MS));
        child.kill('SIGKILL');
        await once(child, 'close');
        this.kills += 1;
      }
    };
    await Promise.all(Array.from({ length: size }, () => berth(this.dice.fork())));
  }

  async stop() {
    const children = [...this.#children];
    for (const child of children) child.kill('SIGTERM');
    await Promise.all(children.map((child) => once(child, 'close')));
  }

  #start() {
    const child = spawn(process.execPath, [WORKER, this.order], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#children.add(child);
    child.once('close', () => this.#children.delete(child));
    return child;
  }
}

function ready(child) {
  return new Promise((resolve, reject) => {
    const died = (code, signal) => reject(new Error(`an instance ended by itself with ${signal ?? code}`));
    child.once('close', died);
    child.stdout.once('data', () => {
      child.off('close', died);
      child.stdout.resume();
      resolve();
    });
  });
}

/** Payouts go in as rows, which is what `pay` makes of them. */
async function ask({ pi, database, payouts, dice }) {
  const uids = [];
  for (let i = 0; i < PIONEERS; i++) uids.push((await pi.createPioneer({ balance: 10 })).uid);
  const keys = [];
  const strays = [];
  const strayCount = Math.ceil(payouts * CANCELLED);
  for (let i = 0; i < payouts + strayCount; i++) {
    const key = i % Math.ceil(1 / CANCELLED) === 0 && strays.length < strayCount ? `stray-${i}` : `payout-${i}`;
    (key.startsWith('stray') ? strays : keys).push(key);
    await database.pool.query(
      `insert into pi.payouts (id, app, idempotency_key, wallet, uid, stroops, memo)
       values (gen_random_uuid(), '', $1, $2, $3, $4, 'Chaos')`,
      [key, pi.wallet.address, dice.pick(uids), 1_000_000 + i],
    );
  }
  while (keys.length > payouts) strays.push(keys.pop());
  return { keys, strays };
}

async function cancelSome({ database, strays, fleet, kills, dice }) {
  for (const [i, key] of strays.entries()) {
    while (fleet.kills < Math.floor((i / strays.length) * kills * 0.9)) await sleep(20);
    await sleep(dice.below(200));
    await database.pool.query(
      `update pi.payouts set cancel_wanted = 'chaos' where idempotency_key = $1
       and state not in ('completed', 'cancelled', 'failed', 'needs_review')`,
      [key],
    );
  }
}

/** Faults of the network, lagging and backward replicas, lost and late submits, and strangers with and without our key. */
function badWeather(pi, dice) {
  const { adversary } = pi.chain;
  const wallet = pi.wallet;
  for (const fault of FAULTS) pi.addFault(fault);
  adversary.replicas({ path: '/accounts', lags: [0, 0, 0, 1, 3, 8], pick: 'random', seed: dice.below(1_000_000) });
  adversary.replicas({ path: '/transactions', lags: [0, 0, 2, 20], pick: 'random', seed: dice.below(1_000_000) });
  const events = [
    () => adversary.onSubmit({ answer: 'timeout' }),
    () => adversary.onSubmit({ answer: 'timeout_with_hash', afterApplied: true }),
    () => adversary.onSubmit({ answer: 'lost', afterApplied: true }),
    () => adversary.onSubmit({ answer: 'lost', apply: dice.below(30) }),
    () => adversary.onSubmit({ answer: 'timeout', apply: 'never' }),
    () => adversary.onSubmit({ answer: 'lost', apply: 'wrapped' }),
    () => adversary.onSubmit({ answer: 'refused' }),
    () => adversary.onSubmit({ answer: 'rate_limited' }),
    () => adversary.hide({ times: 5 }),
    () => (adversary.ingestionLag = dice.below(4)),
    () => (adversary.ingestionLag = 0),
    () => adversary.useSequence({ secret: wallet.seed, outcome: dice.pick(['success', 'failed']) }),
    () => adversary.lookAlike({ wallet: wallet.address }),
    () => adversary.bumpSequence({ secret: wallet.seed, by: 2 + dice.below(3) }),
    () => adversary.dust({ to: wallet.address, memo: dice.pick(pi.payments())?.identifier ?? 'dust' }),
  ];
  const blowing = setInterval(() => {
    try {
      dice.pick(events)();
    } catch {
      // A stranger's transaction that does not fit this ledger: the next event will.
    }
  }, 150);
  return {
    end() {
      clearInterval(blowing);
      adversary.calm();
      adversary.ingestionLag = 0;
      pi.clearFaults();
    },
  };
}

/** @returns what is not settled in time: should be nothing */
async function settled(pool) {
  const deadline = Date.now() + SETTLE_MS;
  for (;;) {
    const { rows } = await pool.query(
      `select idempotency_key, state, review, parked, cancel_wanted, attempts from pi.payouts
       where state not in ('completed', 'cancelled', 'failed')`,
    );
    if (rows.length === 0 || Date.now() > deadline) return rows;
    await sleep(100);
  }
}

async function compare({ pi, database, asked, open, say }) {
  const { rows } = await database.pool.query(`select idempotency_key as key, state, identifier, txid from pi.payouts`);
  const byKey = new Map(rows.map((row) => [row.key, row]));
  const keyOf = new Map(pi.payments().map(({ identifier, metadata }) => [identifier, metadata.nestjs_pi_key]));
  const successes = new Map();
  for (const { successful, memo, operations, hash, innerHash } of pi.transactions()) {
    const key = keyOf.get(memo);
    if (!successful || key === undefined || operations[0]?.source !== pi.wallet.address) continue;
    successes.set(key, [...(successes.get(key) ?? []), { hash, innerHash, memo }]);
  }
  const problems = [];
  let applied = 0;
  let double = 0;
  let lost = 0;
  for (const row of open) problems.push(`${row.idempotency_key} is not settled: ${JSON.stringify(row)}`);
  for (const [key, list] of successes) {
    if (list.length > 1) {
      double += 1;
      problems.push(`${key} was paid ${list.length} times: ${JSON.stringify(list)}`);
    }
  }
  for (const key of [...asked.keys, ...asked.strays]) {
    const row = byKey.get(key);
    const paid = successes.get(key)?.[0];
    const completed = row?.state === 'completed' && paid?.hash === row.txid && paid.memo === row.identifier;
    const atPi = row?.identifier ? pi.payment(row.identifier).status : undefined;
    if (completed && atPi?.developer_completed) applied += asked.keys.includes(key) ? 1 : 0;
    else if (!(asked.strays.includes(key) && row?.state === 'cancelled' && !paid && atPi?.cancelled !== false)) {
      lost += 1;
      problems.push(`${key}: ${JSON.stringify({ ...row, paid, atPi })}`);
    }
  }
  const ownerless = pi
    .payments()
    .filter(({ status }) => !status.developer_completed && !status.cancelled)
    .filter(({ identifier, metadata }) => byKey.get(metadata.nestjs_pi_key)?.identifier !== identifier);
  for (const { identifier, metadata } of ownerless)
    problems.push(`${identifier} of ${metadata.nestjs_pi_key} has no owner`);
  problems.forEach((problem) => say(`✗ ${problem}`));
  return { applied, double, lost: lost + ownerless.length };
}

async function createDatabase(serverUrl) {
  const name = `chaos_${randomBytes(6).toString('hex')}`;
  const url = Object.assign(new URL(serverUrl), { pathname: `/${name}` }).toString();
  await statement(serverUrl, `create database ${name}`);
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  return {
    url,
    pool,
    drop: async () => {
      await pool.end();
      await statement(serverUrl, `drop database ${name} with (force)`);
    },
  };
}

async function statement(connectionString, text) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query(text);
  await client.end();
}
