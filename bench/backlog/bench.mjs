// 100,000 settled payouts in the table: what becomes of the worker's statements, their plans and the memory of the process?
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { A2UService, PiModule } from 'nestjs-pi';
import pg from 'pg';
import { PiEmulator } from 'pi-emulator';
import setup from '../../test/global-setup.mjs';
import teardown from '../../test/global-teardown.mjs';
import { median, quick, ratio, report, round } from '../support.mjs';

const backlog = quick ? 10_000 : 100_000;
const payoutsARound = quick ? 10 : 40;

await setup();
const client = new pg.Client({ connectionString: process.env.TEST_DATABASE_URL });
await client.connect();
await client.query('CREATE DATABASE bench_backlog');
await client.end();
const pool = new pg.Pool({
  connectionString: Object.assign(new URL(process.env.TEST_DATABASE_URL), { pathname: '/bench_backlog' }).href,
});

// The server stops while connections are still saying goodbye.
pool.on('error', () => {});

/** Every statement of the library, timed; by its text. */
let statements = new Map();
const timed = (connection) =>
  new Proxy(connection, {
    get(target, key) {
      const value = Reflect.get(target, key);
      if (key !== 'query') return typeof value === 'function' ? value.bind(target) : value;
      return async (text, values) => {
        const start = performance.now();
        const result = await target.query(text, values);
        const sql = typeof text === 'string' ? text : text.text;
        const seen = statements.get(sql) ?? { ms: [], values: values ?? text.values };
        seen.ms.push(performance.now() - start);
        statements.set(sql, seen);
        return result;
      };
    },
  });

const pi = await PiEmulator.start({ port: 0, ledgerMs: 60, ledgerSeconds: 5 });
const { uid } = await pi.createPioneer({ scopes: ['username', 'payments', 'wallet_address'] });
class BenchModule {}
Module({
  imports: [
    PiModule.forRoot({
      apiKey: pi.apiKey,
      network: pi.network,
      platformUrl: pi.platformUrl,
      horizonUrl: pi.horizonUrl,
      ledger: { pool: { connect: async () => timed(await pool.connect()), end: () => pool.end() } },
      wallets: [{ signer: { seed: pi.wallet.seed } }],
    }),
  ],
})(BenchModule);
const app = await NestFactory.createApplicationContext(BenchModule, { logger: ['error'] });
const payouts = app.get(A2UService);

async function payRound(name) {
  statements = new Map();
  for (let i = 0; i < payoutsARound; i += 1) {
    const { id } = await payouts.pay({ idempotencyKey: `${name}:${i}`, uid, amount: '0.01', memo: 'bench' });
    const { state } = await payouts.whenSettled(id, { timeoutMs: 60_000 });
    if (state !== 'completed') throw new Error(`a payout ended ${state}`);
  }
  return { statements, heapMiB: round(process.memoryUsage().heapUsed / 2 ** 20, 1) };
}

async function settleALot() {
  const { address } = pi.wallet;
  await pool.query(
    `insert into pi.payouts (id, idempotency_key, wallet, uid, stroops, memo, state, identifier, txid, attempts, create_sent, admitted_at, created_at)
     select gen_random_uuid(), 'old:' || n, $1, $2, 100000, 'bench', 'completed', 'old' || n, md5(n::text) || md5(n::text), 1, true,
            now() - interval '2 days', now() - interval '2 days'
     from generate_series(1, ${backlog}) n`,
    [address, uid],
  );
  await pool.query(
    `insert into pi.payout_attempts (payout_id, number, wallet, sequence, max_time, fee, hash, envelope, ledger, ledger_hash, lease_token)
     select id, 1, wallet, position, 0, 100000, txid, repeat('A', 400), 1, 'x', 1 from pi.payouts where idempotency_key like 'old:%'`,
  );
  await pool.query(
    `insert into pi.payout_events (payout_id, kind, detail)
     select id, 'state', s from pi.payouts, unnest(array['requested', 'created', 'signed', 'submitted', 'paid', 'completed']) s
     where idempotency_key like 'old:%'`,
  );
  await pool.query('analyze');
}

/** Names of the indexes and of any whole-table scan in a plan. */
async function planOf(sql, values) {
  const { rows } = await pool.query({ text: `explain (format json) ${sql}`, values });
  const found = [];
  const walk = (node) => {
    if (node['Node Type'] === 'Seq Scan') found.push(`SEQ SCAN of ${node['Relation Name']}`);
    if (node['Index Name']) found.push(node['Index Name']);
    for (const child of node.Plans ?? []) walk(child);
  };
  walk(rows[0]['QUERY PLAN'][0].Plan);
  return [...new Set(found)].join(', ');
}

await payRound('warm-up');
const empty = await payRound('empty');
await settleALot();
const full = await payRound('full');

const rows = {};
let scans = 0;
for (const [sql, { ms, values }] of full.statements) {
  const before = empty.statements.get(sql);
  const kind = /^(select|insert|update|delete) .*?"pi"\."(\w+)"/is.exec(sql);
  if (!before || !kind || ms.length < payoutsARound / 2) continue;
  const plan = await planOf(sql, values);
  if (/SEQ SCAN of (payouts|payout_attempts|payout_events)/.test(plan)) scans += 1;
  const paired = Math.min(ms.length, before.ms.length);
  rows[`${Object.keys(rows).length + 1}. ${kind[1]} ${kind[2]}`] = {
    'ms, empty table': round(median(before.ms), 3),
    [`ms, ${backlog} settled`]: round(median(ms), 3),
    'full ÷ empty': ratio(ms.slice(0, paired), before.ms.slice(0, paired)),
    plan,
  };
}
report(
  'backlog',
  `The worker's statements (medians over ${payoutsARound} payouts), before and after ${backlog} settled payouts`,
  rows,
  {
    'heap before and after, MiB': `${empty.heapMiB} → ${full.heapMiB}`,
    'scans of a whole table': scans,
  },
);
await app.close();
await pi.stop();
await pool.end();
await teardown();
if (scans > 0) process.exitCode = 1;
