import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { PiEmulator } from 'pi-emulator';
import { diceOf } from './dice.mjs';
import { Buyer } from './u2a-buyer.mjs';
import { Fleet } from './u2a-fleet.mjs';

const BUYERS = 12;
/** Beside the honest payments, as a share of them. */
const STRAYS = 0.25;
const SETTLE_MS = 120_000;

const FAULTS = [
  { match: { path: '/v2/payments' }, fault: 'drop_after', probability: 0.05 },
  { match: { path: '/v2/payments' }, fault: 'drop_before', probability: 0.05 },
  { match: { path: '/v2/payments' }, fault: 'error', status: 500, probability: 0.05 },
  { match: { path: '/v2/payments' }, fault: 'malformed', probability: 0.02 },
  { match: { path: '/v2/payments' }, fault: 'latency', latencyMs: 300, probability: 0.1 },
  { match: { path: '/v2/me' }, fault: 'error', status: 503, probability: 0.05 },
  { match: { path: '/transactions' }, fault: 'error', status: 504, probability: 0.05 },
  { match: { path: '/transactions' }, fault: 'drop_before', probability: 0.05 },
  { match: { path: '/transactions' }, fault: 'latency', latencyMs: 300, probability: 0.1 },
  { match: { path: '/accounts' }, fault: 'error', status: 503, probability: 0.2 },
];

/**
 * Buyers pay while the instances of the shop are killed and Pi and its chain go wrong. Afterwards everybody comes back, and
 * the books are compared: the chain's and Pi's against the shop's own rows.
 *
 * @param {{ serverUrl: string, kills: number, workers: number, payments: number, seed: number, say: (line: string) => void }} options
 * @returns {Promise<{ summary: string, sound: boolean }>}
 */
export async function chaosU2A({ serverUrl, kills, workers, payments, seed, say }) {
  const dice = diceOf(seed);
  const database = await createDatabase(serverUrl);
  const pi = await PiEmulator.start({ port: 0, ledgerMs: 100, seed });
  const fleet = new Fleet(
    {
      pi: { apiKey: pi.apiKey, network: 'testnet', platformUrl: pi.platformUrl, horizonUrl: pi.horizonUrl },
      databaseUrl: database.url,
      throwing: 0.1,
    },
    dice.fork(),
  );
  try {
    for (const fault of FAULTS) pi.addFault(fault);
    const living = fleet.live(workers, kills);
    const { honest, strays } = await Promise.race([
      traffic({ pi, fleet, dice, kills, payments }),
      // Ends only by an instance that ended by itself.
      living.then(() => new Promise(() => {})),
    ]);
    await living;
    pi.clearFaults();
    say(`${fleet.kills} kills, ${honest.length} payments and ${strays.length} strays; everybody comes back`);
    const buyer = new Buyer(pi, fleet, dice.fork());
    for (const payment of honest) await buyer.comeBack(payment);
    await settled(database.pool, honest.length);
    return await books({ pi, fleet, database, honest, strays, say });
  } finally {
    await fleet.stop();
    await pi.stop();
    await database.drop();
  }
}

/** Payments spread over the kills, so that there is something to hit until the last. */
async function traffic({ pi, fleet, dice, kills, payments }) {
  const honest = [];
  const strays = [];
  let begun = 0;
  const buyer = async (dice) => {
    const person = new Buyer(pi, fleet, dice);
    while (begun < payments) {
      begun += 1;
      const share = begun / payments;
      while (fleet.urls.length === 0 || fleet.kills < Math.floor((share - 0.1) * kills)) await sleep(20);
      honest.push(await person.buy());
      if (dice.chance(STRAYS)) strays.push(await person.stray(dice.pick(honest).txid));
    }
  };
  await Promise.all(Array.from({ length: BUYERS }, () => buyer(dice.fork())));
  return { honest, strays };
}

/** Until every delivery that is owed was made: handlers that threw are due again within seconds. */
async function settled(pool, count) {
  const deadline = Date.now() + SETTLE_MS;
  for (;;) {
    const { rows } = await pool.query("select count(*)::int as done from pi.payments where state = 'delivered'");
    if (rows[0].done >= count || Date.now() > deadline) return;
    await sleep(100);
  }
}

async function books({ pi, fleet, database, honest, strays, say }) {
  const { rows } = await database.pool.query('select payment_id, txid from shop_deliveries');
  const deliveries = new Map();
  for (const { payment_id: id, txid } of rows) deliveries.set(id, [...(deliveries.get(id) ?? []), txid]);
  const isCompleted = (id) => pi.payment(id).status.developer_completed;
  const onChain = new Set(pi.transactions().flatMap(({ hash, successful }) => (successful ? [hash] : [])));

  const completed = honest.filter(({ id }) => isCompleted(id)).length;
  const delivered = honest.filter(({ id }) => deliveries.has(id)).length;
  const twice = [...deliveries.values()].filter((txids) => txids.length > 1).length;
  const unpaid = [...deliveries].filter(([id, txids]) => !isCompleted(id) || !onChain.has(txids[0])).length;
  const wrong = strays.filter((id) => deliveries.has(id) || isCompleted(id));
  if (wrong.length > 0) say(`strays that were delivered or completed: ${wrong.join(', ')}`);

  const { rows: states } = await database.pool.query(
    'select state, count(*)::int as n from pi.payments group by 1 order by 1',
  );
  say(`journal: ${states.map(({ state, n }) => `${state} ${n}`).join(', ')}`);
  return {
    summary: `kills ${fleet.kills} · payments ${honest.length} · completed ${completed} · delivered ${delivered} · twice ${twice} · unpaid ${unpaid}`,
    sound:
      completed === honest.length && delivered === honest.length && twice === 0 && unpaid === 0 && wrong.length === 0,
  };
}

async function createDatabase(serverUrl) {
  const name = `chaos_${randomBytes(6).toString('hex')}`;
  const server = new pg.Client({ connectionString: serverUrl });
  await server.connect();
  await server.query(`create database ${name}`);
  const url = Object.assign(new URL(serverUrl), { pathname: `/${name}` }).toString();
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  // Dropping the database by force may cut a connection that is just being closed.
  pool.on('error', () => {});
  await pool.query('create table shop_deliveries (payment_id text not null, uid text not null, txid text not null)');
  return {
    url,
    pool,
    async drop() {
      await pool.end();
      await server.query(`drop database ${name} with (force)`);
      await server.end();
    },
  };
}
