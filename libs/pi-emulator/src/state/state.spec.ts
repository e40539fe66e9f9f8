import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { payment } from '../chain/payment.js';
import { Bench, METADATA } from '../emulator.fixture.js';

describe('the state', () => {
  /** One of everything: a signed payment, one waiting, an A2U, an ad, a notification. */
  async function populate(bench: Bench): Promise<void> {
    const pioneer = await bench.pi.createPioneer({ scopes: ['payments', 'wallet_address', 'in_app_notifications'] });
    const signed = await bench.pi.createPayment(pioneer.uid, {
      amount: '0.0000001',
      memo: 'Apples',
      metadata: METADATA,
    });
    await bench.approve(signed.identifier);
    await bench.pi.signPayment(signed.identifier);
    await bench.pi.closeLedger();
    await bench.u2a();
    await bench.a2u(1, pioneer.uid);
    await bench.pi.createAd({ uid: pioneer.uid, status: 'revoked' });
    await bench.key('POST', '/in_app_notifications/notify', {
      notifications: [{ title: 'a', body: 'b', user_uid: pioneer.uid, subroute: '/c' }],
    });
  }

  it('goes from one emulator to another by GET and PUT, whole', async () => {
    const [one, other] = [await Bench.start(), await Bench.start()];
    await populate(one);
    const { body: state } = await one.control('GET', '/state');
    expect((await other.control('PUT', '/state', state)).status).toBe(200);
    expect((await other.control('GET', '/state')).body).toEqual(state);
    expect(other.pi.transactions()).toEqual(one.pi.transactions());
    // The world goes on from there: the payment signed in the one is completed in the other.
    const [signed] = other.pi.payments();
    expect((await other.complete(signed!.identifier, signed!.transaction!.txid)).status).toBe(200);
    await Promise.all([one.stop(), other.stop()]);
  });

  it('is a copy: what happens later does not reach it', async () => {
    const bench = await Bench.start();
    await populate(bench);
    const state = bench.pi.state();
    const text = JSON.stringify(state);
    await bench.approve(bench.pi.payments()[1]!.identifier);
    expect(JSON.stringify(state)).toBe(text);
    await bench.pi.restore(state);
    expect(bench.pi.payments()[1]?.status.developer_approved).toBe(false);
    await bench.stop();
  });

  it.each<[string, (state: Record<string, unknown>) => unknown, RegExp]>([
    ['no object', () => [], /not an object/],
    ['another version', (state) => ({ ...state, version: 9 }), /its version is 9, this emulator reads 1/],
    [
      'another network',
      (state) => ({ ...state, network: 'mainnet' }),
      /it is of "mainnet", this emulator is of 'testnet'/,
    ],
    ['no platform', (state) => ({ ...state, platform: 7 }), /platform is missing/],
    [
      'a list that is none',
      (state) => ({ ...state, platform: { pioneers: [], tokens: {} } }),
      /platform\.tokens is no list/,
    ],
    ['no chain', (state) => ({ ...state, chain: undefined }), /chain is missing/],
    [
      'a broken chain',
      (state) => ({ ...state, chain: { network: 'testnet' } }),
      /The chain of this state is of no use/,
    ],
  ])('with %s is refused, and nothing changes', async (_case, spoil, message) => {
    const bench = await Bench.start();
    await populate(bench);
    const before = bench.pi.state();
    const { status, body } = await bench.control('PUT', '/state', spoil({ ...before }));
    expect([status, body.error, body.message]).toEqual([400, 'invalid_state', expect.stringMatching(message)]);
    expect(bench.pi.state()).toEqual(before);
    await bench.stop();
  });

  describe('in a file', () => {
    let directory: string;
    let stateFile: string;
    beforeEach(() => {
      directory = mkdtempSync(join(tmpdir(), 'pi-emulator-'));
      stateFile = join(directory, 'deep', 'state.json');
    });
    afterEach(() => rmSync(directory, { recursive: true }));

    it('survives a restart', async () => {
      const before = await Bench.start({ stateFile });
      await populate(before);
      const state = before.pi.state();
      await before.stop();
      const after = await Bench.start({ stateFile });
      expect(after.pi.state()).toEqual(state);
      await after.stop();
    });

    it('is written before the answer leaves', async () => {
      const bench = await Bench.start({ stateFile });
      const { body: pioneer } = await bench.control('POST', '/pioneers', {});
      expect(readFileSync(stateFile, 'utf8')).toContain(pioneer.accessToken);
      const { body: payment } = await bench.control('POST', `/pioneers/${pioneer.uid}/payments`, {
        amount: 1,
        memo: 'Apples',
        metadata: METADATA,
      });
      expect(readFileSync(stateFile, 'utf8')).toContain(payment.identifier);
      await bench.stop();
    });

    it('holds every ledger somebody was told of', async () => {
      const bench = await Bench.start({ stateFile });
      bench.pi.chain.close();
      const { body } = await bench.call('GET', '/ledgers?order=desc&limit=1');
      const copy = join(directory, 'as-after-a-kill.json');
      copyFileSync(stateFile, copy);
      await bench.stop();
      const after = await Bench.start({ stateFile: copy });
      const { sequence, hash } = body._embedded.records[0];
      expect(after.pi.chain.ledger(sequence)?.hash).toBe(hash);
      await after.stop();
    });

    it.each<[string, (bench: Bench) => void]>([
      ['a submit whose answer is lost', ({ pi }) => pi.chain.adversary.onSubmit({ answer: 'lost' })],
      ['one that core gets later', ({ pi }) => pi.chain.adversary.onSubmit({ answer: 'lost', apply: 2 })],
      ['one that a stranger wraps', ({ pi }) => pi.chain.adversary.onSubmit({ answer: 'lost', apply: 'wrapped' })],
      [
        'one whose answer is dropped',
        ({ pi }) => pi.addFault({ match: { path: '/transactions' }, fault: 'drop_after' }),
      ],
    ])('holds %s before the client notices', async (_case, disturb) => {
      const bench = await Bench.start({ stateFile, submitTimeoutMs: 20 });
      const { seed, address } = bench.pi.wallet;
      const { envelopeXdr } = payment(bench.pi.chain, { secret: seed, destination: address, stroops: 1n });
      disturb(bench);
      const body = new URLSearchParams({ tx: envelopeXdr });
      await expect(fetch(`${bench.pi.url}/transactions`, { method: 'POST', body })).rejects.toThrow('fetch failed');
      const copy = join(directory, 'as-after-a-kill.json');
      copyFileSync(stateFile, copy);
      await bench.stop();
      const after = await Bench.start({ stateFile: copy });
      for (let ledger = 0; ledger < 4; ledger += 1) await after.pi.closeLedger();
      expect(after.pi.transactions(address)).toHaveLength(1);
      await after.stop();
    });

    it('holds the link of a failed complete, though the answer was a refusal', async () => {
      const before = await Bench.start({ stateFile });
      const { identifier } = await before.a2u();
      await before.complete(identifier, 'f'.repeat(64));
      await before.stop();
      const after = await Bench.start({ stateFile });
      expect((await after.complete(identifier, 'f'.repeat(64))).body.verification_error).toBe(
        'payment_already_linked_with_a_tx',
      );
      await after.stop();
    });

    it('takes many changes at once, and leaves no draft behind', async () => {
      const bench = await Bench.start({ stateFile });
      const made = await Promise.all(Array.from({ length: 30 }, () => bench.control('POST', '/pioneers', {})));
      const kept = readFileSync(stateFile, 'utf8');
      for (const { body } of made) expect(kept).toContain(body.accessToken);
      await bench.stop();
      expect(readdirSync(join(directory, 'deep'))).toEqual(['state.json']);
    });

    it('does not bring the first Pioneers twice', async () => {
      for (let start = 0; start < 2; start += 1) {
        const bench = await Bench.start({ stateFile, pioneers: 3 });
        expect(bench.pi.pioneers()).toHaveLength(3);
        await bench.stop();
      }
    });

    it('goes on with the series of a seed instead of giving the same identifiers again', async () => {
      const before = await Bench.start({ stateFile, seed: 'a' });
      const first = await before.pi.createPioneer();
      await before.stop();
      const after = await Bench.start({ stateFile, seed: 'a' });
      expect((await after.pi.createPioneer()).uid).not.toBe(first.uid);
      await after.stop();
      const anew = await Bench.start({ seed: 'a' });
      expect((await anew.pi.createPioneer()).uid).toBe(first.uid);
      await anew.stop();
    });

    it.each([
      ['half a file', '{"version":1,'],
      ['something else', '{"name":"shop"}'],
      ['nothing', ''],
    ])('with %s stops the start and says which file and what to do', async (_case, content) => {
      const file = join(directory, 'spoilt.json');
      writeFileSync(file, content);
      await expect(Bench.start({ stateFile: file })).rejects.toThrow(
        new RegExp(`${file}.*\\n.*delete it to start with a new Pi`),
      );
      expect(readFileSync(file, 'utf8')).toBe(content);
    });
  });
});
