import { setTimeout as sleep } from 'node:timers/promises';
import type { PiLedgerOptions, PiTransaction } from 'nestjs-pi';
import pg from 'pg';
import { PiEmulator } from 'pi-emulator';
import { createPostgres, run } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { PaymentShop, type ShopBehaviour } from '../support/payment-shop.js';

jest.setTimeout(120_000);

const PRODUCT = { amount: 1.5, memo: 'A mug', metadata: { productId: 'mug' } };
const TAKE = 'update shop_stock set left_over = left_over - 1';

describe('Deliveries that get stuck', () => {
  let pi: PiEmulator;
  let database: Awaited<ReturnType<typeof createPostgres>>;
  let behaviour: ShopBehaviour;
  const closing: (() => unknown)[] = [];

  beforeAll(async () => {
    pi = await PiEmulator.start({ port: 0, ledgerMs: 50 });
  });
  beforeEach(async () => {
    behaviour = {};
    database = await createPostgres();
    closing.push(() => database.drop());
    await run(database.url, 'create table shop_stock (left_over int)', 'insert into shop_stock values (100)');
  });
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });
  afterAll(() => pi?.stop());

  async function open(handlerMs: number, ledger: PiLedgerOptions<never> = database.ledger): Promise<PaymentShop> {
    const shop = await PaymentShop.start({ pi, database, behaviour, options: { ledger, payments: { handlerMs } } });
    shop.app.useLogger(false);
    closing.push(() => shop.close());
    return shop;
  }

  async function signed(shop: PaymentShop) {
    const { uid, accessToken } = await pi.createPioneer();
    const { identifier: paymentId } = await pi.createPayment(uid, PRODUCT);
    expect(await shop.post('approve', { paymentId, accessToken })).toMatchObject({ status: 200 });
    const { txid: transactionId } = await pi.signPayment(paymentId);
    return { paymentId, transactionId };
  }

  const many = (shop: PaymentShop, count: number) => Promise.all(Array.from({ length: count }, () => signed(shop)));

  /** Somebody else's transaction, without an end to it. */
  async function lockStock(): Promise<() => Promise<void>> {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query('begin');
    await client.query('select 1 from shop_stock for update');
    let open = true;
    const unlock = async () => {
      if (!open) return;
      open = false;
      await client.end();
    };
    closing.push(unlock);
    return unlock;
  }

  /** Each once, and no more. */
  async function allDelivered(shop: PaymentShop, payments: readonly { paymentId: string }[]) {
    const ids = payments.map(({ paymentId }) => paymentId).toSorted();
    await eventually(async () => (await shop.deliveries()).length >= ids.length, { withinMs: 60_000 });
    expect((await shop.deliveries()).toSorted()).toEqual(ids);
  }

  it('leave the payments of others connections, callbacks and the reconciler', async () => {
    const shop = await open(60_000);
    let release!: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    behaviour.afterDelivery = () => released;
    const payments = await many(shop, 22);
    const closedBrowser = await signed(shop);
    const hung = { status: 200, body: { status: 'completed' } };
    for (const complete of payments) expect(await shop.post('complete', complete)).toMatchObject(hung);

    const other = await signed(shop);
    expect(await shop.post('complete', other)).toMatchObject(hung);
    await eventually(() => pi.payment(closedBrowser.paymentId).status.developer_completed);

    release();
    await allDelivered(shop, [...payments, other, closedBrowser]);
  });

  it.each<[string, (tx: PiTransaction) => Promise<unknown>]>([
    ['tx.query', (tx) => tx.query(TAKE)],
    ['tx.handle', (tx) => tx.handle.query(TAKE)],
  ])('in a statement of %s are given up, by the database too, and made again', async (_by, take) => {
    const shop = await open(500);
    behaviour.beforeDelivery = (_payment, tx) => take(tx);
    const unlock = await lockStock();
    const payments = await many(shop, 15);
    await Promise.all(payments.map((complete) => shop.post('complete', complete)));
    for (const { paymentId } of payments) {
      const trouble = async () => (await shop.payments.get(paymentId)).trouble;
      await eventually(trouble);
    }
    // As many as run at a time, and what is being ended: not one for every payment.
    expect(await waiting()).toBeLessThanOrEqual(10);
    await unlock();
    await allDelivered(shop, payments);
  });

  it('in a statement write nothing outside of their transaction when they come free', async () => {
    const shop = await open(500);
    let hasBegun = false;
    behaviour.beforeDelivery = async ({ id }, tx) => {
      if (hasBegun) return;
      hasBegun = true;
      await tx.handle.query(TAKE);
      await tx.handle.query('insert into shop_deliveries (payment_id, uid, amount, txid) values ($1, $1, $1, $1)', [
        id,
      ]);
    };
    const unlock = await lockStock();
    const payment = await signed(shop);
    await shop.post('complete', payment);
    await eventually(() => hasBegun);
    // It is given up after 500 ms, and would be rolled back as soon as its statement is through.
    await sleep(1_000);
    await unlock();
    const isDelivered = async () => (await shop.payments.get(payment.paymentId)).state === 'delivered';
    await eventually(isDelivered, { withinMs: 60_000 });
    expect(await shop.deliveries()).toEqual([payment.paymentId]);
  });

  describe("in the app's own transactions", () => {
    /** The simplest runner there is. */
    function runner(beforeCommit: (client: pg.PoolClient) => Promise<void> = async () => {}) {
      const pool = new pg.Pool({ connectionString: database.url, max: 20 });
      closing.push(() => pool.end());
      const transactions = {
        run: async <T>(work: (query: PiTransaction['query'], handle: pg.PoolClient) => Promise<T>): Promise<T> => {
          const client = await pool.connect();
          try {
            await client.query('begin');
            const result = await work((text, values = []) => client.query(text, [...values]) as never, client);
            await beforeCommit(client);
            await client.query('commit');
            return result;
          } catch (error) {
            await client.query('rollback');
            throw error;
          } finally {
            client.release();
          }
        },
      };
      return { ...database.ledger, transactions } as PiLedgerOptions<never>;
    }

    it('are given up, hold up no other delivery, and are made again', async () => {
      const shop = await open(500, runner());
      const unlock = await lockStock();
      const stuck = await many(shop, 8);
      behaviour.beforeDelivery = ({ id }, tx) =>
        stuck.some(({ paymentId }) => paymentId === id) && tx.handle.query(TAKE);
      await Promise.all(stuck.map((complete) => shop.post('complete', complete)));
      const other = await signed(shop);
      await shop.post('complete', other);
      await allDelivered(shop, [other]);
      await unlock();
      await allDelivered(shop, [...stuck, other]);
      expect(await shop.deliveries()).toHaveLength(9);
    });

    it.each(['commit', 'rollback'])('whose end is never heard of are made once: it was a %s', async (end) => {
      let isSilent = false;
      const ledger = runner(async (client) => {
        if (!isSilent) return;
        isSilent = false;
        await client.query(end);
        client.release(true);
        await new Promise(() => {});
      });
      const shop = await open(500, ledger);
      const payment = await signed(shop);
      isSilent = true;
      await shop.post('complete', payment);
      await allDelivered(shop, [payment]);
      expect(await shop.payments.retry(payment.paymentId)).toMatchObject({ state: 'delivered' });
      expect(await shop.deliveries()).toEqual([payment.paymentId]);
    });
  });

  /** Sessions that wait for a lock. */
  async function waiting(): Promise<number> {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query<{ waiting: number }>(
      "select count(*)::int as waiting from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    await client.end();
    return rows[0]!.waiting;
  }
});
