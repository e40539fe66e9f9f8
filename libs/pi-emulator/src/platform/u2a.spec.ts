import type { EmulatorError } from '../emulator-error.js';
import { Bench, METADATA } from '../emulator.fixture.js';

describe('U2A payments', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start();
  });
  afterAll(() => bench.stop());

  const staged = async (amount?: number): Promise<{ id: string; uid: string }> => {
    const payment = await bench.u2a(amount);
    await bench.approve(payment.identifier);
    return { id: payment.identifier, uid: payment.user_uid };
  };

  it.each([
    [1.5, 1.5, 15_000_000n],
    ['0.0000001', 1e-7, 1n],
    [1e-7, 1e-7, 1n],
    ['100.1234567', 100.1234567, 1_001_234_567n],
  ])('of %s are approved, signed on the chain and completed', async (amount, shown, stroops) => {
    const pioneer = await bench.pi.createPioneer();
    const created = await bench.control('POST', `/pioneers/${pioneer.uid}/payments`, {
      amount,
      memo: 'Apples',
      metadata: METADATA,
    });
    const id: string = created.body.identifier;
    expect([created.status, created.body]).toMatchObject([
      200,
      {
        amount: shown,
        user_uid: pioneer.uid,
        direction: 'user_to_app',
        from_address: pioneer.walletAddress,
        to_address: bench.pi.wallet.address,
        metadata: METADATA,
        status: { developer_approved: false, transaction_verified: false },
        transaction: null,
      },
    ]);
    expect((await bench.approve(id)).body.status.developer_approved).toBe(true);
    const { txid } = (await bench.control('POST', `/payments/${id}/sign`)).body;
    expect((await bench.key('GET', `/payments/${id}`)).body.transaction).toBeNull();
    await bench.control('POST', '/ledgers/close');
    expect((await bench.key('GET', `/payments/${id}`)).body).toMatchObject({
      status: { transaction_verified: true, developer_completed: false },
      transaction: { txid, verified: true, _link: `${bench.pi.url}/transactions/${txid}` },
    });
    expect((await bench.complete(id, txid)).body.status.developer_completed).toBe(true);
    expect(bench.pi.chain.transaction(txid)).toMatchObject({
      successful: true,
      memo: id,
      operations: [{ source: pioneer.walletAddress, destination: bench.pi.wallet.address, stroops }],
    });
  });

  describe('are not signed', () => {
    it.each<[string, number, string, () => Promise<string>]>([
      ['before approval', 409, 'not_approved', async () => (await bench.u2a()).identifier],
      [
        'after the user cancelled',
        409,
        'cancelled',
        async () => {
          const { id } = await staged();
          await bench.control('POST', `/payments/${id}/user_cancel`);
          return id;
        },
      ],
      [
        'after the backend cancelled',
        409,
        'cancelled',
        async () => {
          const { id } = await staged();
          await bench.key('POST', `/payments/${id}/cancel`);
          return id;
        },
      ],
      ['when the wallet holds too little', 409, 'insufficient_balance', async () => (await staged(999.5)).id],
      ['when they go to the user', 409, 'not_user_to_app', async () => (await bench.a2u()).identifier],
      ['when nobody knows them', 404, 'unknown_payment', async () => 'nobody'],
      [
        'while another one of the wallet is pending',
        409,
        'wallet_busy',
        async () => {
          const { id, uid } = await staged();
          await bench.pi.signPayment(id);
          const second = await bench.pi.createPayment(uid, { amount: 1, memo: 'More', metadata: METADATA });
          await bench.approve(second.identifier);
          return second.identifier;
        },
      ],
    ])('%s: %i %s', async (_case, status, error, make) => {
      const answer = await bench.control('POST', `/payments/${await make()}/sign`);
      expect([answer.status, answer.body]).toEqual([status, { error, message: expect.any(String) }]);
    });
  });

  it('say how much is missing in the wallet', async () => {
    const { id } = await staged(999.5);
    await expect(bench.pi.signPayment(id)).rejects.toThrow(/holds 1000\.0000000 Pi.*takes 999\.5000000 Pi/);
  });

  it('are paid once, however often they are signed', async () => {
    const { id } = await staged();
    const pending = await bench.pi.signPayment(id);
    const again = await bench.pi.signPayment(id);
    await bench.pi.closeLedger();
    const later = await bench.pi.signPayment(id);
    expect([again, later]).toEqual([pending, pending]);
    expect(bench.pi.transactions().filter(({ memo }) => memo === id)).toHaveLength(1);
  });

  it('cannot be cancelled by the user once signed', async () => {
    const { id } = await staged();
    await bench.pi.signPayment(id);
    await expect(bench.pi.userCancel(id)).rejects.toMatchObject({ code: 'already_signed', status: 409 });
  });

  it('show a cancellation by the user as such', async () => {
    const { id } = await staged();
    expect((await bench.pi.userCancel(id)).status).toMatchObject({ cancelled: false, user_cancelled: true });
  });

  it('may be paid without Pi knowing, and cancelled over it: the trap of an early cancel', async () => {
    const { id } = await staged();
    const { txid } = await bench.pi.signPayment(id, { link: false });
    await bench.pi.closeLedger();
    expect(bench.pi.payment(id).transaction).toBeNull();
    expect(bench.pi.chain.transaction(txid)?.successful).toBe(true);
    expect((await bench.key('POST', `/payments/${id}/cancel`)).status).toBe(200);
  });

  it('are completed by a transaction Pi did not know of', async () => {
    const { id } = await staged();
    const { txid } = await bench.pi.signPayment(id, { link: false });
    await bench.pi.closeLedger();
    expect((await bench.complete(id, txid)).body).toMatchObject({ transaction: { txid, verified: true } });
  });

  it('let Pi hear of the transaction later', async () => {
    const { id } = await staged();
    const { txid } = await bench.pi.signPayment(id, { link: false });
    await bench.pi.closeLedger();
    await bench.pi.signPayment(id);
    expect(bench.pi.payment(id).transaction).toMatchObject({ txid, verified: true });
  });

  it('link a forged txid for good', async () => {
    const { id } = await staged();
    const forged = await bench.complete(id, 'f'.repeat(64));
    expect(forged.body).toMatchObject({ error: 'verification_failed', verification_error: 'tx_not_found' });
    expect((await bench.complete(id, 'a'.repeat(64))).body.verification_error).toBe('payment_already_linked_with_a_tx');
    expect((await bench.key('POST', `/payments/${id}/cancel`)).body.error).toBe('payment_tx_present');
  });

  it('need the payments scope', async () => {
    const { uid } = await bench.pi.createPioneer({ scopes: ['username'] });
    const { status, body } = await bench.control('POST', `/pioneers/${uid}/payments`, {
      amount: 1,
      memo: 'Apples',
      metadata: METADATA,
    });
    expect([status, body.error]).toEqual([403, 'missing_scope']);
  });

  it('answer to sign when the transaction has applied while ledgers close on their own', async () => {
    const own = await Bench.start({ ledgerMs: 20 });
    const { uid } = await own.pi.createPioneer();
    const ids = await Promise.all(
      [1, 2, 3].map(async (amount) => {
        const { identifier } = await own.pi.createPayment(uid, { amount, memo: 'Apples', metadata: METADATA });
        await own.approve(identifier);
        return identifier;
      }),
    );
    // One wallet, three payments at once: each waits for its ledger.
    const signed = await Promise.all(ids.map((id) => own.control('POST', `/payments/${id}/sign`)));
    expect(ids.map((id) => own.pi.payment(id).transaction?.txid)).toEqual(signed.map(({ body }) => body.txid));
    await own.stop();
  });

  it.each<[string, (own: Bench) => Promise<unknown>]>([
    ['stops', (own) => own.stop()],
    ['is reset', (own) => own.pi.reset()],
    ['takes another state', (own) => own.pi.restore(own.pi.state())],
  ])('end waiting for a ledger when the emulator %s', async (_case, end) => {
    const own = await Bench.start({ ledgerMs: 60_000 });
    const payment = await own.u2a();
    await own.approve(payment.identifier);
    const signing = own.pi.signPayment(payment.identifier);
    const ended = signing.catch((error: EmulatorError) => error.code);
    await end(own);
    expect(await ended).toBe('stopped');
    await own.stop();
  });
});
