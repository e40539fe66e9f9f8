import { PiEmulator } from 'pi-emulator';
import { databases, type TestDatabase } from '../support/database.js';
import { PaymentShop } from '../support/payment-shop.js';

jest.setTimeout(60_000);

const PRODUCT = { amount: 1.5, memo: 'A mug', metadata: { productId: 'mug' } };

describe.each(databases)('A payment by the callbacks of the SDK on $name', ({ create }) => {
  let pi: PiEmulator;
  let database: TestDatabase;
  let shop: PaymentShop;

  beforeAll(async () => {
    pi = await PiEmulator.start({ port: 0, ledgerMs: 50 });
    database = await create();
    shop = await PaymentShop.start({ pi, database });
  });
  afterAll(async () => {
    await shop?.close();
    await pi?.stop();
    await database?.drop();
  });

  it('is approved, completed and delivered, and every callback may be repeated', async () => {
    const amara = await pi.createPioneer({ username: 'amara' });
    const { identifier: paymentId } = await pi.createPayment(amara.uid, PRODUCT);
    const approve = { paymentId, accessToken: amara.accessToken };

    expect(await shop.post('approve', approve)).toMatchObject({ status: 200, body: { paymentId, status: 'approved' } });
    expect(await shop.post('approve', approve)).toMatchObject({ status: 200, body: { paymentId, status: 'approved' } });
    const { txid: transactionId } = await pi.signPayment(paymentId);
    const delivered = { status: 200, body: { paymentId, status: 'delivered' } };
    expect(await shop.post('complete', { paymentId, transactionId })).toMatchObject(delivered);
    expect(await shop.post('complete', { paymentId, transactionId })).toMatchObject(delivered);
    expect(await shop.post('incomplete', { paymentId, transactionId })).toMatchObject(delivered);
    expect(await shop.post('cancel', { paymentId })).toMatchObject(delivered);

    expect(pi.payment(paymentId).status).toMatchObject({ developer_approved: true, developer_completed: true });
    expect((await shop.deliveries()).filter((id) => id === paymentId)).toHaveLength(1);
  });
});
