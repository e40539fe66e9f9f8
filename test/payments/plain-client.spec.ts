import type { INestApplication } from '@nestjs/common';
import { Injectable, type Provider } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  OnPiPayment,
  PaymentsService,
  PiAuthService,
  PiModule,
  PiPaymentRefusedError,
  type PiApproval,
  type PiPayment,
} from 'nestjs-pi';
import { PiEmulator } from 'pi-emulator';
import { eventually } from '../support/eventually.js';

jest.setTimeout(30_000);

const MUG = { amount: 1.5, memo: 'A mug', metadata: { productId: 'mug' } };

@Injectable()
class Prices {
  @OnPiPayment('approve')
  approve({ metadata }: PiPayment): PiApproval {
    if (metadata['productId'] !== 'mug') throw new PiPaymentRefusedError('no such product');
    return { amount: 1.5 };
  }
}

/** Says nothing, as a handler in JavaScript may. */
@Injectable()
class NoPrices {
  @OnPiPayment('approve')
  approve(): PiApproval {
    return {} as PiApproval;
  }
}

async function open({ apiKey, platformUrl, horizonUrl }: PiEmulator, providers: Provider[]): Promise<INestApplication> {
  const imports = [PiModule.forRoot({ apiKey, platformUrl, horizonUrl, network: 'testnet' })];
  return (await Test.createTestingModule({ imports, providers }).compile()).createNestApplication().init();
}

describe('PaymentsService without a ledger', () => {
  let pi: PiEmulator;
  let app: INestApplication;
  let payments: PaymentsService;

  beforeAll(async () => {
    pi = await PiEmulator.start({ port: 0, ledgerMs: 30 });
    app = await open(pi, [Prices]);
    payments = app.get(PaymentsService);
  });
  afterEach(() => void pi.clearFaults());
  afterAll(async () => {
    await app?.close();
    await pi?.stop();
  });

  async function wanted(request: { amount: number; memo: string; metadata: object } = MUG) {
    const { uid, accessToken } = await pi.createPioneer();
    const { identifier: id } = await pi.createPayment(uid, request as typeof MUG);
    return { id, pioneer: await app.get(PiAuthService).verify(accessToken) };
  }

  async function approved() {
    const payment = await wanted();
    expect(await payments.approve(payment.id, payment.pioneer)).toMatchObject({ state: 'approved' });
    return payment;
  }

  const posts = (id: string, what: string) => pi.journal({ method: 'POST', path: `/v2/payments/${id}/${what}` }).length;

  it('approves and completes, and takes repetitions', async () => {
    const { id, pioneer } = await approved();
    expect(await payments.approve(id, pioneer)).toMatchObject({ state: 'approved' });
    const { txid } = await pi.signPayment(id);
    expect(await payments.complete(id, txid)).toMatchObject({ id, state: 'completed', txid });
    expect(await payments.complete(id, txid)).toMatchObject({ id, state: 'completed', txid });
    expect(await payments.get(id)).toMatchObject({ state: 'completed', txid, metadata: MUG.metadata });
    await expect(payments.complete(id, 'ab'.repeat(32))).rejects.toMatchObject({
      code: 'PI_PAYMENT_MISMATCH',
      field: 'txid',
    });
  });

  it.each(['approve', 'complete'])('takes an answer of /%s that was lost', async (call) => {
    const { id, pioneer } = await wanted();
    pi.addFault({ match: { path: `/v2/payments/${id}/${call}` }, fault: 'malformed', times: 1 });
    expect(await payments.approve(id, pioneer)).toMatchObject({ state: 'approved' });
    const { txid } = await pi.signPayment(id);
    expect(await payments.complete(id, txid)).toMatchObject({ state: 'completed' });
  });

  it.each([
    ['what the handler refuses', { ...MUG, metadata: { productId: 'unicorn' } }, { code: 'PI_PAYMENT_REFUSED' }],
    ['another amount', { ...MUG, amount: 1.4999999 }, { code: 'PI_PAYMENT_MISMATCH', field: 'amount' }],
  ])('does not approve %s', async (_what, request, error) => {
    const { id, pioneer } = await wanted(request);
    await expect(payments.approve(id, pioneer)).rejects.toMatchObject(error);
    expect(posts(id, 'approve')).toBe(0);
  });

  it.each([
    [
      'nobody prices',
      [],
      undefined,
      { code: 'PI_CONFIGURATION', message: expect.stringContaining('approve(id, pioneer, { amount })') },
    ],
    [
      'the handler prices with nothing',
      [NoPrices],
      undefined,
      { code: 'PI_CONFIGURATION', message: expect.stringContaining('returned no amount') },
    ],
    ['the handler prices with nothing, whatever the caller says', [NoPrices], '1.5', { code: 'PI_CONFIGURATION' }],
    ['costs another amount than the caller says', [], '1.6', { code: 'PI_PAYMENT_MISMATCH', field: 'amount' }],
  ])('does not approve what %s', async (_what, providers, amount, error) => {
    const shop = await open(pi, providers);
    const { id, pioneer } = await wanted();
    const options = amount === undefined ? {} : { amount };
    await expect(shop.get(PaymentsService).approve(id, pioneer, options)).rejects.toMatchObject(error);
    expect(posts(id, 'approve')).toBe(0);
    await shop.close();
  });

  it('approves what costs as much as the caller says, where no handler does', async () => {
    const shop = await open(pi, []);
    const { id, pioneer } = await wanted();
    const approving = shop.get(PaymentsService).approve(id, pioneer, { amount: '1.5' });
    expect(await approving).toMatchObject({ state: 'approved' });
    await shop.close();
  });

  it("does not approve another Pioneer's payment, nor a cancelled one", async () => {
    const { id, pioneer } = await wanted();
    const other = await wanted();
    await expect(payments.approve(id, other.pioneer)).rejects.toMatchObject({ field: 'uid' });
    await pi.userCancel(id);
    await expect(payments.approve(id, pioneer)).rejects.toMatchObject({ field: 'status' });
    expect(posts(id, 'approve')).toBe(0);
  });

  it('tells Pi of no txid that does not pay the payment', async () => {
    const { id } = await approved();
    const other = await approved();
    const { txid } = await pi.signPayment(other.id);
    await expect(payments.complete(id, txid)).rejects.toMatchObject({ code: 'PI_TX_MISMATCH' });
    await expect(payments.complete(id, 'ab'.repeat(32))).rejects.toMatchObject({
      code: 'PI_TX_NOT_FOUND',
      retryable: true,
    });
    expect(posts(id, 'complete')).toBe(0);
  });

  it('does not complete what was not approved', async () => {
    const { id } = await wanted();
    await expect(payments.complete(id, 'ab'.repeat(32))).rejects.toMatchObject({ field: 'status', actual: 'seen' });
  });

  it('cancels what was not paid, and completes what was', async () => {
    const unpaid = await approved();
    expect(await payments.cancel(unpaid.id)).toMatchObject({ state: 'cancelled' });
    const paid = await approved();
    const { txid } = await pi.signPayment(paid.id, { link: false });
    await eventually(() => pi.transactions().some(({ hash }) => hash === txid));
    expect(await payments.cancel(paid.id)).toMatchObject({ state: 'completed', txid });
    expect(posts(paid.id, 'cancel')).toBe(0);
  });

  it('completes an incomplete payment, and leaves one without a transaction as it is', async () => {
    const { id } = await approved();
    expect(await payments.recoverIncomplete(id)).toMatchObject({ state: 'approved' });
    const { txid } = await pi.signPayment(id);
    expect(await payments.recoverIncomplete(id)).toMatchObject({ state: 'completed', txid });
  });

  it('says what needs a ledger', async () => {
    await expect(payments.list()).rejects.toThrow(/option "ledger"/);
  });

  it('gives up waiting when told to, and what was begun is done all the same', async () => {
    const { id, pioneer } = await wanted();
    const reason = new Error('the request is gone');
    await expect(payments.approve(id, pioneer, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(posts(id, 'approve')).toBe(0);

    pi.addFault({ match: { path: `/v2/payments/${id}/approve` }, fault: 'latency', latencyMs: 200 });
    const leaving = new AbortController();
    const approving = payments.approve(id, pioneer, { signal: leaving.signal });
    await eventually(() => posts(id, 'approve') === 1);
    leaving.abort(reason);
    await expect(approving).rejects.toBe(reason);
    await eventually(() => pi.payment(id).status.developer_approved);
  });
});
