import { Memo, Operation, TransactionBuilder, xdr } from '@stellar/stellar-base';
import { setTimeout as delay } from 'node:timers/promises';
import type { Chain } from '../chain/chain.js';
import { alice, bob, carol, chainByHand, nobody, pay, sketch, type Sketch } from '../chain/chain.fixture.js';
import { HorizonFixture, type Answer } from './horizon.fixture.js';

const ALICE = alice.publicKey();
const BOB = bob.publicKey();

let chain: Chain;
let horizon: HorizonFixture;

beforeEach(async () => {
  chain = chainByHand({ submitTimeoutMs: 2_000 });
  horizon = await HorizonFixture.open(chain);
});

afterEach(() => horizon.close());

/** Posts a transaction and closes the ledger it waits for. */
async function apply(wanted: Sketch = {}): Promise<Answer & { hash: string; xdr: string }> {
  const made = sketch(chain, wanted);
  const answer = horizon.submit(made.xdr);
  await pending(made.hash);
  chain.close();
  return { ...(await answer), hash: made.hash, xdr: made.xdr };
}

/** Until core has a transaction in its queue. */
async function pending(hash: string): Promise<void> {
  while (!chain.mempool.find(hash)) await delay(1);
}

describe('Reading Horizon', () => {
  it('says which network it is at the root, on the chain’s clock', async () => {
    chain.advance(3600);
    const { type, headers, body } = await horizon.get('/');
    expect(type).toBe('application/hal+json');
    expect(Math.abs(Date.parse(headers.get('date') ?? '') - Date.now() - 3_600_000)).toBeLessThan(5_000);
    expect(body).toMatchObject({
      network_passphrase: 'Pi Testnet',
      history_latest_ledger: 1000,
      core_latest_ledger: 1000,
      history_elder_ledger: 1000,
      current_protocol_version: 23,
    });
  });

  it('shows an account with its snapshot’s ledger in Latest-Ledger', async () => {
    chain.close();
    const { type, headers, body } = await horizon.get(`/accounts/${ALICE}`);
    expect(type).toBe('application/hal+json');
    expect(headers.get('latest-ledger')).toBe('1001');
    expect(body).toMatchObject({
      id: ALICE,
      account_id: ALICE,
      sequence: (1000n << 32n).toString(),
      balances: [{ balance: '100.0000000', asset_type: 'native' }],
      signers: [{ key: ALICE, weight: 1, type: 'ed25519_public_key' }],
      data: {},
      _links: { data: { href: `${horizon.url}/accounts/${ALICE}/data/{key}`, templated: true } },
    });
  });

  it.each([
    ['an account that does not exist', `/accounts/${nobody.publicKey()}`, 404, 'not_found'],
    ['a listing of an account that does not exist', `/accounts/${nobody.publicKey()}/transactions`, 404, 'not_found'],
    ['an address that is none', '/accounts/GABC', 400, 'bad_request'],
    ['a hash nobody knows', `/transactions/${'0'.repeat(64)}`, 404, 'not_found'],
    ['a hash that is none', '/transactions/xyz', 400, 'bad_request'],
    ['a ledger to come', '/ledgers/2000', 404, 'not_found'],
    ['a ledger before history', '/ledgers/999', 410, 'before_history'],
    ['a ledger that is none', '/ledgers/abc', 400, 'bad_request'],
    ['a limit over 200', `/accounts/${ALICE}/transactions?limit=201`, 400, 'bad_request'],
    ['an order that is none', '/ledgers?order=up', 400, 'bad_request'],
    ['a cursor that is none', '/transactions?cursor=x', 400, 'bad_request'],
    ['a part of Horizon that is not played', '/offers', 404, 'not_found'],
  ])('refuses %s as Horizon does', async (_, path, status, type) => {
    const answer = await horizon.get(path);
    expect(answer).toMatchObject({
      status,
      type: 'application/problem+json',
      body: { status, type: `https://stellar.org/horizon-errors/${type}` },
    });
  });

  it('shows ledgers, one by one and newest first, each pointing at the one before', async () => {
    await apply();
    chain.close();
    const { body } = await horizon.get('/ledgers?order=desc&limit=2');
    const [newest, before] = body._embedded.records;
    expect(newest).toMatchObject({ sequence: 1002, prev_hash: before.hash, successful_transaction_count: 0 });
    expect(before).toMatchObject({ sequence: 1001, successful_transaction_count: 1, operation_count: 1 });
    expect((await horizon.get('/ledgers/1001')).body).toEqual(before);
    expect(newest.closed_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(Date.parse(newest.closed_at)).toBeGreaterThan(Date.parse(before.closed_at));
    const next = await horizon.get(body._links.next.href);
    expect(next.body._embedded.records).toMatchObject([{ sequence: 1000 }]);
    const ascending = await horizon.get('/ledgers?limit=200');
    expect(ascending.body._embedded.records.map(({ sequence }: { sequence: number }) => sequence)).toEqual([
      1000, 1001, 1002,
    ]);
  });

  it('gives fees as strings, never below the network’s minimum', async () => {
    await apply({ fee: 300_000n });
    const { body } = await horizon.get('/fee_stats');
    expect(body).toMatchObject({
      last_ledger: '1001',
      last_ledger_base_fee: '100000',
      fee_charged: { min: '100000', mode: '100000', p50: '100000', p99: '100000', max: '100000' },
      max_fee: { min: '300000', max: '300000' },
    });
  });

  it('lists operations and payments of an account', async () => {
    await apply({ operations: [pay(BOB, '1.5'), Operation.bumpSequence({ bumpTo: '1' })] });
    await apply({ operations: [Operation.createAccount({ destination: nobody.publicKey(), startingBalance: '3' })] });
    const types = async (path: string): Promise<string[]> =>
      (await horizon.get(path)).body._embedded.records.map(({ type }: { type: string }) => type);
    expect(await types(`/accounts/${ALICE}/operations`)).toEqual(['payment', 'bump_sequence', 'create_account']);
    expect(await types(`/accounts/${ALICE}/payments`)).toEqual(['payment', 'create_account']);
    const { body } = await horizon.get(`/accounts/${BOB}/payments`);
    expect(body._embedded.records).toMatchObject([
      {
        type: 'payment',
        from: ALICE,
        to: BOB,
        amount: '1.5000000',
        asset_type: 'native',
        transaction_successful: true,
      },
    ]);
    const [{ id }] = body._embedded.records;
    expect((await horizon.get(`/operations/${id}`)).body).toMatchObject({ id, amount: '1.5000000' });
  });
});

describe('Paging', () => {
  const hashes = (answer: Answer): string[] => answer.body._embedded.records.map(({ hash }: { hash: string }) => hash);

  it('walks every transaction exactly once, forwards and backwards, by its own links', async () => {
    const sent: string[] = [];
    for (let count = 0; count < 7; count += 1) sent.push((await apply()).hash);
    for (const [order, expected] of [
      ['asc', sent],
      ['desc', sent.toReversed()],
    ] as const) {
      let page = await horizon.get(`/accounts/${ALICE}/transactions?order=${order}&limit=3`);
      const seen: string[] = [];
      while (hashes(page).length > 0) {
        seen.push(...hashes(page));
        page = await horizon.get(page.body._links.next.href);
      }
      expect(seen).toEqual(expected);
      expect(page.body._links).toMatchObject({
        next: { href: expect.any(String) },
        prev: { href: expect.any(String) },
      });
    }
  });

  it('goes back to the page before by prev', async () => {
    const sent: string[] = [];
    for (let count = 0; count < 4; count += 1) sent.push((await apply()).hash);
    const first = await horizon.get(`/accounts/${ALICE}/transactions?order=asc&limit=2`);
    const second = await horizon.get(first.body._links.next.href);
    const back = await horizon.get(second.body._links.prev.href);
    expect(hashes(back)).toEqual(sent.slice(0, 2).toReversed());
  });

  it('leaves failed transactions out unless asked, and knows cursor=now', async () => {
    const { hash } = await apply({ to: nobody.publicKey() });
    const plain = await horizon.get(`/accounts/${ALICE}/transactions`);
    expect(hashes(plain)).toEqual([]);
    const all = await horizon.get(`/accounts/${ALICE}/transactions?include_failed=true&order=desc&limit=200&join=x`);
    expect(all.body._embedded.records).toMatchObject([{ hash, successful: false }]);
    const now = await horizon.get('/transactions?cursor=now&include_failed=true');
    expect(hashes(now)).toEqual([]);
  });
});

describe('Submitting', () => {
  it('answers with the applied transaction once its ledger has closed', async () => {
    const {
      status,
      type,
      body,
      hash,
      xdr: envelope,
    } = await apply({ memo: Memo.text('order 1'), maxTime: 4_000_000_000 });
    expect([status, type]).toEqual([200, 'application/hal+json']);
    expect(body).toMatchObject({
      id: hash,
      hash,
      successful: true,
      ledger: 1001,
      source_account: ALICE,
      source_account_sequence: ((1000n << 32n) + 1n).toString(),
      fee_account: ALICE,
      fee_charged: '100000',
      max_fee: '100000',
      memo: 'order 1',
      memo_type: 'text',
      operation_count: 1,
      envelope_xdr: envelope,
      preconditions: { timebounds: { min_time: '0', max_time: '4000000000' } },
    });
    expect(xdr.TransactionResult.fromXDR(body.result_xdr, 'base64').result().switch().name).toBe('txSuccess');
    expect(() => xdr.TransactionMeta.fromXDR(body.result_meta_xdr, 'base64')).not.toThrow();
    expect(() => xdr.LedgerEntryChanges.fromXDR(body.fee_meta_xdr, 'base64')).not.toThrow();
    expect((await horizon.get(`/transactions/${hash}`)).body).toEqual(body);
  });

  it('is idempotent by hash: the same envelope again gives the same answer and pays once', async () => {
    const first = await apply();
    const again = await horizon.submit(first.xdr);
    expect(again).toMatchObject({ status: 200, body: first.body });
    chain.close();
    expect(chain.transactionsOf(BOB)).toHaveLength(1);
  });

  it('answers two waiting copies of one envelope', async () => {
    const { xdr: envelope, hash } = sketch(chain);
    const copies = [horizon.submit(envelope), horizon.submit(envelope)];
    await pending(hash);
    await delay(20);
    chain.close();
    expect(await Promise.all(copies)).toMatchObject([{ status: 200 }, { status: 200 }]);
    expect(chain.transactionsOf(BOB)).toHaveLength(1);
  });

  it.each([
    ['op_underfunded', { pi: '1000' }],
    ['op_no_destination', { to: nobody.publicKey() }],
  ])('answers 400 with the codes when it applied and failed: %s, also to a second post', async (code, wanted) => {
    const answer = await apply(wanted);
    const expected = {
      status: 400,
      type: 'application/problem+json',
      body: {
        type: 'https://stellar.org/horizon-errors/transaction_failed',
        extras: { envelope_xdr: answer.xdr, result_codes: { transaction: 'tx_failed', operations: [code] } },
      },
    };
    expect(answer).toMatchObject(expected);
    expect(await horizon.submit(answer.xdr)).toMatchObject(expected);
  });

  it.each<[string, Sketch]>([
    ['tx_bad_seq', { sequence: 5n }],
    ['tx_too_late', { maxTime: 1 }],
    ['tx_insufficient_fee', { fee: 100n }],
    ['tx_bad_auth', { signers: [bob] }],
    ['tx_no_source_account', { from: nobody }],
  ])('answers 400 at once when core refuses: %s', async (code, wanted) => {
    const { xdr: envelope } = sketch(chain, wanted);
    expect(await horizon.submit(envelope)).toMatchObject({
      status: 400,
      body: { title: 'Transaction Failed', extras: { result_codes: { transaction: code } } },
    });
  });

  it('answers 504 with the hash when no ledger closes in time: the transaction may apply all the same', async () => {
    const quick = chainByHand({ submitTimeoutMs: 20 });
    const other = await HorizonFixture.open(quick);
    try {
      const { xdr: envelope, hash } = sketch(quick);
      expect(await other.submit(envelope)).toMatchObject({
        status: 504,
        type: 'application/problem+json',
        body: {
          type: 'https://stellar.org/horizon-errors/transaction_submission_timeout',
          extras: { hash, envelope_xdr: envelope },
        },
      });
      quick.close();
      expect(await other.submit(envelope)).toMatchObject({ status: 200, body: { hash } });
    } finally {
      await other.close();
    }
  });

  it.each([
    ['something that is no envelope', new URLSearchParams({ tx: 'AAAA' }), 400, 'transaction_malformed'],
    ['a form without it', new URLSearchParams({}), 400, 'transaction_malformed'],
    ['JSON', '{"tx":""}', 415, 'unsupported_media_type'],
  ])('refuses %s', async (_, body, status, type) => {
    const headers = typeof body === 'string' ? { 'content-type': 'application/json' } : undefined;
    const response = await fetch(`${horizon.url}/transactions`, { method: 'POST', body, ...(headers && { headers }) });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ type: `https://stellar.org/horizon-errors/${type}` });
  });

  it('shows a fee bump under its own hash in listings, and under both hashes in look-ups', async () => {
    const inner = sketch(chain, { memo: Memo.text('wrapped') });
    const bump = TransactionBuilder.buildFeeBumpTransaction(carol, '200000', inner.transaction, chain.passphrase);
    bump.sign(carol);
    const outerHash = bump.hash().toString('hex');
    const answer = horizon.submit(bump.toXDR());
    await pending(outerHash);
    chain.close();
    const [innerSignature] = inner.transaction.signatures.map((signature) => signature.signature().toString('base64'));
    expect((await answer).body).toMatchObject({
      hash: outerHash,
      source_account: ALICE,
      fee_account: carol.publicKey(),
      max_fee: '400000',
      fee_charged: '200000',
      memo: 'wrapped',
      fee_bump_transaction: { hash: outerHash },
      inner_transaction: { hash: inner.hash, max_fee: '100000', signatures: [innerSignature] },
    });
    expect((await horizon.get(`/transactions/${inner.hash}`)).body).toMatchObject({
      hash: inner.hash,
      signatures: [innerSignature],
      fee_bump_transaction: { hash: outerHash },
    });
    for (const account of [ALICE, BOB, carol.publicKey()]) {
      const { body } = await horizon.get(`/accounts/${account}/transactions`);
      expect(body._embedded.records).toMatchObject([{ hash: outerHash }]);
    }
    // The wrapped transaction is answered as applied, and not applied again.
    expect(await horizon.submit(inner.xdr)).toMatchObject({ status: 200, body: { hash: inner.hash } });
  });

  it('ends waiting submits when the server closes', async () => {
    const { xdr: envelope, hash } = sketch(chain);
    const answer = horizon.submit(envelope);
    await pending(hash);
    await horizon.close();
    expect((await answer).status).toBe(504);
  });
});
