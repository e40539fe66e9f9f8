import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Logger } from '@nestjs/common';
import { PiEmulator } from 'pi-emulator';
import { UnservedApps } from '../../libs/pi/src/ledger/unserved-apps.js';
import { databases, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { PaymentShop } from '../support/payment-shop.js';

jest.setTimeout(60_000);

const PRODUCT = { amount: 1.5, memo: 'A mug', metadata: { productId: 'mug' } };

describe.each(databases)('The rows of a Pi app that has another name now, on $name', ({ create }) => {
  let pi: PiEmulator;
  let database: TestDatabase;
  let shop: PaymentShop;
  let warnings: jest.SpyInstance;

  beforeEach(async () => {
    warnings = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    pi = await PiEmulator.start({ port: 0, ledgerMs: 50 });
    database = await create();
    shop = await PaymentShop.start({ pi, database });
  });
  afterEach(async () => {
    await shop.close();
    await pi.stop();
    await database.drop();
    jest.restoreAllMocks();
  });

  const said = () => warnings.mock.calls.map(([text]) => String(text)).filter((text) => text.includes('are due'));
  const sql = (text: string) => shop.ledger.transaction((tx) => tx.query(text));
  const restart = async () => {
    await shop.close();
    shop = await PaymentShop.start({ pi, database });
  };
  async function approved(): Promise<string> {
    const { uid, accessToken } = await pi.createPioneer();
    const { identifier: paymentId } = await pi.createPayment(uid, PRODUCT);
    await shop.post('approve', { paymentId, accessToken });
    return paymentId;
  }
  const payoutOf = (app: string, wallet: string, age: string) =>
    sql(`insert into pi.payouts (id, app, idempotency_key, wallet, uid, stroops, memo, created_at)
         values ('${randomUUID()}', '${app}', '${randomUUID()}', '${wallet}', 'u', 1, 'm', now() - interval '${age}')`);

  it('are told of, once a start, when nobody takes them up; moved as documented, they go on', async () => {
    const paymentId = await approved();
    await approved();
    await sql(`update pi.payments set app = 'market', due_at = now() - interval '11 minutes'`);
    await payoutOf('market', 'GA', '11 minutes');
    await pi.signPayment(paymentId);
    await restart();
    await eventually(() => said().length > 0);
    expect(said()).toEqual([expect.stringMatching(/^2 payments and 1 payouts of the Pi app "market" are due/)]);

    const [, moving] = /```sql\n(begin;[^`]+)```/.exec(await readFile('docs/ledger.md', 'utf8')) as string[];
    const statements = (moving as string).replaceAll("'old'", "'market'").replaceAll("'new'", "''").split(';\n');
    await shop.ledger.transaction(async (tx) => {
      for (const statement of statements.slice(1, -2)) await tx.query(statement);
    });
    await eventually(async () => (await shop.deliveries()).includes(paymentId));
    warnings.mockClear();
    await restart();
    await shop.close();
    expect(said()).toEqual([]);
  });

  it('are another service of the same database, when somebody takes up what is due', async () => {
    await approved();
    await sql(`update pi.payments set app = 'market', due_at = now() - interval '5 minutes'`);
    await payoutOf('market', 'GA', '1 day');
    await payoutOf('market', 'GB', '5 minutes');
    await sql(`insert into pi.leases (name, holder, token, expires_at)
               values ('payouts:market:GA', 'elsewhere', 1, now() - interval '5 minutes')`);
    await restart();
    // What it looks at, it has looked at when it has closed.
    await shop.close();
    expect(said()).toEqual([]);
  });

  it('are told of also when they become due only after the start', async () => {
    const watch = new UnservedApps(shop.ledger, '', 20);
    watch.onApplicationBootstrap();
    await approved();
    await sql(`update pi.payments set app = 'market', due_at = now() - interval '11 minutes'`);
    await eventually(() => said().length > 0);
    await approved();
    await sql(`update pi.payments set due_at = now() - interval '11 minutes' where app = 'market'`);
    await payoutOf('bazaar', 'GA', '11 minutes');
    await eventually(() => said().some((text) => text.includes('"bazaar"')));
    await watch.beforeApplicationShutdown();
    expect(said().filter((text) => text.includes('"market"'))).toHaveLength(1);
  });
});
