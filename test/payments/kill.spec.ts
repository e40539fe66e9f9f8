import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PiEmulator } from 'pi-emulator';
import pg from 'pg';
import { createPostgres, run } from '../support/database.js';
import { eventually } from '../support/eventually.js';

jest.setTimeout(600_000);

const ROOT = process.cwd();
const WORKER = join(ROOT, 'test/payments/kill-worker.mjs');
const AT_A_TIME = 3;
/** Every step with the SDK's callbacks coming again, and without: twice the time. Else the one after the other in turn. */
const BOTH = Boolean(process.env['EXHAUSTIVE']);

interface Killed {
  readonly steps: readonly string[];
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
}

/** A payment whose shop died on the way. */
interface Sale {
  readonly paymentId: string;
  readonly accessToken: string;
  readonly killedAt: string;
  /** Whether the SDK's callbacks come again after the restart; else the reconciler is alone with it. */
  readonly repeated: boolean;
}

describe('A shop killed by SIGKILL', () => {
  let pi: PiEmulator;
  let database: Awaited<ReturnType<typeof createPostgres>>;
  let sql: pg.Pool;

  beforeAll(async () => {
    if (!existsSync(join(ROOT, 'libs/pi/dist/index.js'))) throw new Error('Build first: npm run build:libs');
    pi = await PiEmulator.start({ port: 0, ledgerMs: 50 });
    database = await createPostgres();
    await run(database.url, 'create table shop_deliveries (payment_id text not null, txid text not null)');
    sql = new pg.Pool({ connectionString: database.url });
  });
  afterAll(async () => {
    await sql?.end();
    await pi?.stop();
    await database?.drop();
  });

  const orderFor = (more: object) =>
    JSON.stringify({
      pi: { apiKey: pi.apiKey, network: 'testnet', platformUrl: pi.platformUrl, horizonUrl: pi.horizonUrl },
      databaseUrl: database.url,
      sweepMs: 50,
      ...more,
    });

  async function newPayment() {
    const pioneer = await pi.createPioneer();
    const { identifier } = await pi.createPayment(pioneer.uid, { amount: 1.5, memo: 'A mug', metadata: { mug: 1 } });
    return { id: identifier, accessToken: pioneer.accessToken, controlUrl: `${pi.url}/_emulator` };
  }

  /** Runs a payment in a process of its own until it is through or dead. */
  function sell(payment: Awaited<ReturnType<typeof newPayment>>, killAt: number): Promise<Killed> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [WORKER, orderFor({ payment, killAt })], {
        cwd: ROOT,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const steps: string[] = [];
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line.startsWith('step ')) steps.push(line.slice(5));
      });
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ steps, code, signal }));
    });
  }

  /** The shop started again, with its reconciler. */
  async function restarted(work: (url: string) => Promise<void>): Promise<void> {
    const child = spawn(process.execPath, [WORKER, orderFor({})], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const url = await new Promise<string>((resolve, reject) => {
        const ready = (line: string) => line.startsWith('ready ') && resolve(line.slice(6));
        createInterface({ input: child.stdout }).on('line', ready);
        child.once('close', (code) => reject(new Error(`the restarted shop ended with ${code}`)));
      });
      await work(url);
    } finally {
      child.kill('SIGTERM');
      await once(child, 'close');
    }
  }

  /** As the SDK does: again and again until it is heard. */
  async function call(url: string, route: string, body: object, status: string): Promise<void> {
    await eventually(
      async () => {
        const answer = await fetch(`${url}/pi_payment/${route}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
        const seen = (await answer.json()) as { status: string };
        return answer.ok && (seen.status === status || seen.status === 'delivered');
      },
      { withinMs: 30_000 },
    );
  }

  async function callAgain(url: string, { paymentId, accessToken }: Sale): Promise<void> {
    await call(url, 'approve', { paymentId, accessToken }, 'approved');
    const { txid: transactionId } = await pi.signPayment(paymentId);
    await call(url, 'complete', { paymentId, transactionId }, 'delivered');
  }

  const deliveriesOf = async (paymentId: string): Promise<number> => {
    const { rows } = await sql.query('select txid from shop_deliveries where payment_id = $1', [paymentId]);
    return rows.length;
  };

  it('after any step delivers what was paid exactly once, and nothing else', async () => {
    const through = await sell(await newPayment(), 0);
    expect(through).toMatchObject({ code: 0 });
    const names = through.steps;
    // What changes something at Pi, and what commits the delivery, is among them: before and after.
    expect(names.filter((name) => /(approvePayment|completePayment|commit)$/.test(name))).toHaveLength(6);

    // "Before" a call is the same moment as "after" the one before it, but for the first.
    const queue = names
      .map((name, index) => ({ at: index + 1, name }))
      .filter(({ at, name }) => at === 1 || name.startsWith(`${at} after`))
      .flatMap((step, i) => (BOTH ? [true, false] : [i % 2 === 0]).map((repeated) => ({ ...step, repeated })));
    const sales: Sale[] = [];
    const lane = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const payment = await newPayment();
        const { signal, steps } = await sell(payment, next.at);
        expect({ killedAt: next.name, signal, steps: steps.length }).toEqual({
          killedAt: next.name,
          signal: 'SIGKILL',
          steps: next.at,
        });
        const { id: paymentId, accessToken } = payment;
        sales.push({ paymentId, accessToken, killedAt: next.name, repeated: next.repeated });
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, lane));

    await restarted(async (url) => {
      for (const sale of sales.filter(({ repeated }) => repeated)) await callAgain(url, sale);
      for (const { paymentId, killedAt } of sales) {
        const paid = pi.payment(paymentId).transaction !== null;
        const wanted = { killedAt, paid, deliveries: paid ? 1 : 0 };
        await eventually(async () => {
          expect({ killedAt, paid, deliveries: await deliveriesOf(paymentId) }).toEqual(wanted);
          return true;
        });
        expect(pi.payment(paymentId).status.developer_completed).toBe(paid);
      }
    });
    // Nothing came later, and both kinds of payment were among them.
    const { rows } = await sql.query('select payment_id from shop_deliveries group by payment_id having count(*) > 1');
    expect(rows).toEqual([]);
    const unrepeated = sales.filter(({ repeated }) => !repeated);
    const delivered = await Promise.all(unrepeated.map(({ paymentId }) => deliveriesOf(paymentId)));
    expect(new Set(delivered)).toEqual(new Set([0, 1]));
  });
});
