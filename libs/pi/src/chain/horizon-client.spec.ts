import { Account, Asset, Keypair, Memo, Operation, type xdr, TransactionBuilder } from '@stellar/stellar-base';
import { Logger } from '@nestjs/common';
import { PiEmulator } from 'pi-emulator';
import { RemoteWorld, type Stage } from '../../../../test/support/remote-world.js';
import { createPiHttp, type PiHttpService } from '../http/pi-http.js';
import type { ChainTransaction } from './chain-transaction.js';
import { PiHorizonClient } from './horizon-client.js';
import { decodeEnvelope, decodeNativePayment } from './native-payment.js';
import { PiAmount } from './pi-amount.js';
import { type ExpectedPaymentTransaction, verifyPaymentTransaction } from './verify-payment-transaction.js';

const ID = 'pPuTLsMdC4rAXDcoBvHt1ZK9fQwE';
let http: PiHttpService;

beforeAll(() => {
  Logger.overrideLogger(['error']);
  http = createPiHttp({ timeoutMs: 3_000, retries: 1 });
});
afterAll(() => http.close());

interface Draft {
  readonly operations?: readonly xdr.Operation[];
  readonly memo?: Memo;
  /** Distance from the account's sequence number. Default: 1. */
  readonly ahead?: number;
}

describe('against the emulated chain', () => {
  let pi: PiEmulator;
  let horizon: PiHorizonClient;
  let keys: Keypair;
  let passphrase: string;
  let destination: string;

  beforeEach(async () => {
    pi = await PiEmulator.start({ port: 0, ledgerMs: 'manual', network: 'testnet' });
    horizon = new PiHorizonClient({ http, horizonUrl: `${pi.horizonUrl}/` });
    keys = Keypair.fromSecret(pi.wallet.seed);
    passphrase = pi.chain.passphrase;
    destination = (await pi.createPioneer({ scopes: ['payments', 'wallet_address'] })).walletAddress;
    await pi.closeLedger();
  });
  afterEach(() => pi.stop());

  const pay = (amount = '1.5'): xdr.Operation => Operation.payment({ destination, asset: Asset.native(), amount });

  function signed({ operations = [pay()], memo = Memo.text(ID), ahead = 1 }: Draft = {}): string {
    const sequence = (pi.chain.account(keys.publicKey())?.sequence ?? 0n) + BigInt(ahead) - 1n;
    const builder = new TransactionBuilder(new Account(keys.publicKey(), sequence.toString()), {
      fee: '100000',
      networkPassphrase: passphrase,
      timebounds: { minTime: 0, maxTime: Math.floor(pi.chain.now() / 1_000) + 120 },
      memo,
    });
    for (const operation of operations) builder.addOperation(operation);
    const transaction = builder.build();
    transaction.sign(keys);
    return transaction.toXDR();
  }

  /** When core has the next envelope. A ledger closed afterwards holds it. */
  function arrival(): Promise<unknown> {
    return new Promise((resolve) => {
      const off = pi.chain.onSubmit(() => {
        off();
        setImmediate(resolve);
      });
    });
  }

  /** Posts and lets it apply. */
  async function applied(draft?: Draft): Promise<ChainTransaction> {
    const envelope = signed(draft);
    const { hash } = await decodeEnvelope(envelope, passphrase);
    pi.chain.submit(envelope);
    await pi.closeLedger();
    const transaction = await horizon.transaction(hash);
    if (!transaction) throw new Error('did not apply');
    return transaction;
  }

  it('tells which network it is', async () => {
    await expect(horizon.network()).resolves.toMatchObject({
      passphrase: 'Pi Testnet',
      latestLedger: pi.chain.latest.sequence,
      protocolVersion: expect.any(Number),
    });
  });

  it('reads an account, and of which ledger that is', async () => {
    const account = await horizon.account(keys.publicKey());
    const truth = pi.chain.account(keys.publicKey());
    expect(account).toMatchObject({
      address: keys.publicKey(),
      sequence: truth?.sequence,
      ledger: pi.chain.latest.sequence,
    });
    expect(account?.balance.stroops).toBe(truth?.balance);
  });

  it('knows no account that does not exist', async () => {
    await expect(horizon.account(Keypair.random().publicKey())).resolves.toBeUndefined();
  });

  it('reads ledgers by number, and the latest', async () => {
    const latest = await horizon.latestLedger();
    expect(latest).toMatchObject({ sequence: pi.chain.latest.sequence, hash: pi.chain.latest.hash, baseFee: 100_000n });
    expect(latest.closedAt.getTime()).toBe(pi.chain.latest.closedAt * 1_000);
    await expect(horizon.ledger(latest.sequence)).resolves.toEqual(latest);
    await expect(horizon.ledger(latest.sequence + 10)).resolves.toBeUndefined();
  });

  it('reads the fees', async () => {
    const stats = await horizon.feeStats();
    expect(stats.lastLedgerBaseFee).toBe(100_000n);
    expect(stats.feeCharged.max).toBeGreaterThanOrEqual(stats.feeCharged.min);
  });

  it('reads a transaction as it is on the chain', async () => {
    const transaction = await applied();
    const truth = pi.chain.transaction(transaction.hash);
    expect(transaction).toMatchObject({
      successful: true,
      sourceAccount: keys.publicKey(),
      feeAccount: keys.publicKey(),
      sequence: truth?.sequence,
      feeCharged: 100_000n,
      memo: { type: 'text', text: ID, bytes: Buffer.from(ID) },
      ledger: pi.chain.latest.sequence,
      operationCount: 1,
    });
    expect(transaction).not.toHaveProperty('innerHash');
    expect(transaction.validBefore?.getTime()).toBeGreaterThan(transaction.createdAt.getTime());
    await expect(decodeNativePayment(transaction.envelopeXdr, passphrase)).resolves.toEqual({
      source: keys.publicKey(),
      destination,
      stroops: 15_000_000n,
    });
  });

  it('knows no transaction that never applied', async () => {
    await expect(horizon.transaction('ab'.repeat(32))).resolves.toBeUndefined();
  });

  it.each([
    ['none', Memo.none(), undefined],
    ['id', Memo.id('7'), { type: 'id', value: '7' }],
    ['hash', Memo.hash('11'.repeat(32)), { type: 'hash', value: Buffer.alloc(32, 0x11).toString('base64') }],
    [
      'bytes that are no UTF-8',
      Memo.text(Buffer.from([0xff, 0x41]) as unknown as string),
      { type: 'text', bytes: Buffer.from([0xff, 0x41]) },
    ],
  ])('reads a memo: %s', async (_, memo, expected) => {
    const transaction = await applied({ memo });
    expect(transaction.memo).toEqual(expected);
  });

  it('shows both hashes of a transaction somebody wrapped, by either of them', async () => {
    const envelope = signed();
    const { hash: inner } = await decodeEnvelope(envelope, passphrase);
    const outer = pi.chain.adversary.wrapInFeeBump({ envelopeXdr: envelope });
    await pi.closeLedger();
    const both = { innerHash: inner, feeBumpHash: outer.hash, sourceAccount: keys.publicKey(), successful: true };
    await expect(horizon.transaction(inner)).resolves.toMatchObject({ ...both, hash: inner });
    await expect(horizon.transaction(outer.hash)).resolves.toMatchObject({ ...both, hash: outer.hash });
    const [listed] = (await horizon.transactions(keys.publicKey(), { limit: 1 })).records;
    expect(listed).toMatchObject({ ...both, hash: outer.hash, memo: { text: ID } });
    expect(listed?.feeAccount).not.toBe(keys.publicKey());
    await expect(decodeEnvelope(listed?.envelopeXdr ?? '', passphrase)).resolves.toMatchObject({
      hash: outer.hash,
      innerHash: inner,
      payment: { destination, stroops: 15_000_000n },
    });
  });

  it('pages through a history, newest first, failed ones only when asked for', async () => {
    const fails = await applied({
      operations: [
        Operation.payment({ destination: Keypair.random().publicKey(), asset: Asset.native(), amount: '1' }),
      ],
    });
    const first = await applied();
    const second = await applied();
    expect(fails.successful).toBe(false);

    const page = await horizon.transactions(keys.publicKey(), { limit: 2, includeFailed: true });
    expect(page.records.map(({ hash }) => hash)).toEqual([second.hash, first.hash]);
    expect(page).toMatchObject({ next: first.pagingToken });
    const rest = await horizon.transactions(keys.publicKey(), {
      includeFailed: true,
      ...(page.next !== undefined && { cursor: page.next }),
    });
    expect(rest.records[0]?.hash).toBe(fails.hash);
    expect(rest.next).toBeUndefined();

    const successes = await horizon.transactions(keys.publicKey(), { order: 'asc' });
    expect(successes.records.map(({ hash }) => hash)).not.toContain(fails.hash);
    expect(successes.records.at(-1)?.hash).toBe(second.hash);
  });

  it('submits, and hears that it applied', async () => {
    const envelope = signed();
    const posted = arrival();
    const submission = horizon.submit(envelope);
    await posted;
    await pi.closeLedger();
    const { hash } = await decodeEnvelope(envelope, passphrase);
    await expect(submission).resolves.toEqual({
      kind: 'applied',
      hash,
      successful: true,
      ledger: pi.chain.latest.sequence,
      transaction: await horizon.transaction(hash),
    });
    await expect(horizon.submit(envelope)).resolves.toMatchObject({ kind: 'applied', hash });
  });

  it.each([
    ['a used sequence number', { ahead: 0 }, 'tx_bad_seq', []],
    ['a sequence number too far ahead', { ahead: 2 }, 'tx_bad_seq', []],
  ])('hears the refusal of %s', async (_, draft, transaction, operations) => {
    await applied();
    await expect(horizon.submit(signed(draft))).resolves.toMatchObject({
      kind: 'refused',
      status: 400,
      codes: { transaction, operations },
      resultXdr: expect.any(String),
    });
  });

  it('hears of an operation that failed', async () => {
    const posted = arrival();
    const submission = horizon.submit(signed({ operations: [pay('900000000')] }));
    await posted;
    await pi.closeLedger();
    await expect(submission).resolves.toMatchObject({
      kind: 'refused',
      codes: { transaction: 'tx_failed', operations: ['op_underfunded'] },
    });
  });

  it('hears that an envelope is none', async () => {
    await expect(horizon.submit('bm8=')).resolves.toMatchObject({ kind: 'malformed', status: 400 });
  });

  it.each([
    ['timeout', { reason: 'status', status: 504 }],
    ['timeout_with_hash', { reason: 'status', status: 504, hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string }],
    ['lost', { reason: 'network' }],
    ['rate_limited', { reason: 'rate_limited', status: 429, retryAfterMs: 1_000 }],
    ['error', { reason: 'status', status: 502 }],
  ] as const)('knows nothing after %s, and does not repeat it', async (answer, expected) => {
    pi.chain.adversary.onSubmit({ answer });
    await expect(horizon.submit(signed())).resolves.toEqual({
      kind: 'unknown',
      detail: expect.any(String),
      ...expected,
    });
    expect(pi.journal().filter(({ method, path }) => method === 'POST' && path === '/transactions')).toHaveLength(1);
  });

  it('knows nothing when its time is up, and may be given little of it', async () => {
    const started = performance.now();
    await expect(horizon.submit(signed(), { timeoutMs: 100 })).resolves.toMatchObject({
      kind: 'unknown',
      reason: 'timeout',
    });
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  describe('verifyPaymentTransaction', () => {
    const expected = (): ExpectedPaymentTransaction => ({
      passphrase,
      paymentId: ID,
      destination,
      amount: PiAmount.of('1.5'),
      source: keys.publicKey(),
    });

    it('accepts the payment it is', async () => {
      await expect(verifyPaymentTransaction(await applied(), expected())).resolves.toBeUndefined();
    });

    it('accepts it wrapped in a fee bump', async () => {
      const outer = pi.chain.adversary.wrapInFeeBump({ envelopeXdr: signed() });
      await pi.closeLedger();
      const transaction = (await horizon.transaction(outer.hash)) as ChainTransaction;
      await expect(verifyPaymentTransaction(transaction, expected())).resolves.toBeUndefined();
    });

    const someone = Keypair.random().publicKey();
    const refusals: [string, () => Draft, Partial<ExpectedPaymentTransaction>, object][] = [
      ['another memo', () => ({ memo: Memo.text('another') }), {}, { code: 'PI_TX_MISMATCH' }],
      ['no memo', () => ({ memo: Memo.none() }), {}, { code: 'PI_TX_MISMATCH' }],
      ['a stroop less', () => ({ operations: [pay('1.4999999')] }), {}, { code: 'PI_TX_MISMATCH' }],
      ['a stroop more', () => ({ operations: [pay('1.5000001')] }), {}, { code: 'PI_TX_MISMATCH' }],
      ['another destination', () => ({}), { destination: someone }, { code: 'PI_TX_MISMATCH' }],
      ['another source', () => ({}), { source: someone }, { code: 'PI_TX_MISMATCH' }],
      ['two payments', () => ({ operations: [pay(), pay()] }), {}, { code: 'PI_TX_MISMATCH' }],
      ['no payment', () => ({ operations: [Operation.bumpSequence({ bumpTo: '0' })] }), {}, { code: 'PI_TX_MISMATCH' }],
      ['a failure', () => ({ operations: [pay('900000000')] }), {}, { code: 'PI_TX_FAILED' }],
      ['another network', () => ({}), { passphrase: 'Pi Network' }, { code: 'PI_CHAIN_IDENTITY' }],
    ];
    it.each(refusals)('refuses %s', async (_, draft, change, error) => {
      const transaction = await applied(draft());
      await expect(verifyPaymentTransaction(transaction, { ...expected(), ...change })).rejects.toMatchObject(error);
    });

    it('refuses an asset that only looks like the coin', async () => {
      const asset = new Asset('PI', keys.publicKey());
      const fake = signed({ operations: [Operation.payment({ destination, asset, amount: '1.5' })] });
      const { hash } = await decodeEnvelope(fake, passphrase);
      const transaction = { ...(await applied()), envelopeXdr: fake, hash };
      await expect(verifyPaymentTransaction(transaction, expected())).rejects.toMatchObject({ code: 'PI_TX_MISMATCH' });
    });

    it('counts a muxed destination as the account it belongs to', async () => {
      const { MuxedAccount } = await import('@stellar/stellar-base');
      const muxed = new MuxedAccount(new Account(destination, '0'), '7').accountId();
      const transaction = await applied({
        operations: [Operation.payment({ destination: muxed, asset: Asset.native(), amount: '1.5' })],
      });
      await expect(verifyPaymentTransaction(transaction, expected())).resolves.toBeUndefined();
    });

    it('says when the envelope is no envelope', async () => {
      const transaction = { ...(await applied()), envelopeXdr: 'bm8=' };
      await expect(verifyPaymentTransaction(transaction, expected())).rejects.toMatchObject({
        code: 'PI_CHAIN_ANSWER_UNREADABLE',
      });
    });
  });
});

describe('against a Horizon that misbehaves', () => {
  const ADDRESS = Keypair.random().publicKey();
  const missing = { status: 404, body: { type: 'https://stellar.org/horizon-errors/not_found', status: 404 } };
  let world: RemoteWorld;
  let horizon: PiHorizonClient;

  beforeAll(async () => {
    world = await RemoteWorld.start();
    horizon = new PiHorizonClient({ http, horizonUrl: world.url });
  });
  afterAll(() => world.stop());

  it('believes only Horizon’s own 404', async () => {
    world.answers(missing);
    await expect(horizon.account(ADDRESS)).resolves.toBeUndefined();
    for (const body of ['<html>nothing here</html>', '', {}]) {
      world.answers({ status: 404, body });
      await expect(horizon.account(ADDRESS)).rejects.toMatchObject({ code: 'PI_CHAIN_REFUSED' });
    }
  });

  const account = {
    account_id: ADDRESS,
    sequence: '7',
    subentry_count: 0,
    balances: [
      { asset_type: 'credit_alphanum4', balance: '9.0' },
      { asset_type: 'native', balance: '1.0000001' },
    ],
  };
  const ledgerHeader = { 'Latest-Ledger': '42' };

  it('takes the native balance', async () => {
    world.answers({ body: account, headers: ledgerHeader });
    await expect(horizon.account(ADDRESS)).resolves.toMatchObject({
      balance: PiAmount.ofStroops(10_000_001n),
      ledger: 42,
    });
  });

  it.each([
    ['no Latest-Ledger', { body: account }, /Latest-Ledger/],
    ['a page', { body: '<html>', headers: ledgerHeader }, /not JSON/],
    [
      'a sequence that is rounded',
      { body: { ...account, sequence: 2 ** 60 }, headers: ledgerHeader },
      /account\.sequence/,
    ],
    ['a negative sequence', { body: { ...account, sequence: '-1' }, headers: ledgerHeader }, /account\.sequence/],
    ['no native balance', { body: { ...account, balances: [] }, headers: ledgerHeader }, /native balance/],
    [
      'a balance that is none',
      { body: { ...account, balances: [{ asset_type: 'native', balance: 'much' }] }, headers: ledgerHeader },
      /balance/,
    ],
  ] as [string, Stage, RegExp][])('does not believe an account with %s', async (_, stage, message) => {
    world.answers(stage);
    const error = await horizon.account(ADDRESS).catch((error: Error) => error);
    expect(error).toMatchObject({ code: 'PI_CHAIN_ANSWER_UNREADABLE', message: expect.stringMatching(message) });
  });

  it('lists what a stranger sent with a time bound that no date holds, as Horizon writes it', async () => {
    const record = {
      hash: 'a'.repeat(64),
      successful: true,
      source_account: 'G',
      source_account_sequence: '1',
      fee_account: 'G',
      fee_charged: '100000',
      memo_type: 'none',
      ledger: 7,
      created_at: '2026-11-20T12:00:00Z',
      valid_after: '1970-01-01T00:00:00Z',
      valid_before: '292277026596-12-04T15:30:07Z',
      operation_count: 1,
      envelope_xdr: 'AAAA',
      paging_token: '1',
    };
    world.answers({ body: { _embedded: { records: [record] } } });
    const { records } = await horizon.transactions(ADDRESS);
    expect(records).toEqual([expect.not.objectContaining({ validBefore: expect.anything() as unknown })]);
    expect(records).toMatchObject([{ hash: record.hash, validAfter: new Date(0) }]);
  });

  it('does not believe another ledger than it asked for', async () => {
    const ledger = {
      sequence: 8,
      hash: 'h',
      closed_at: '2026-11-20T12:00:00Z',
      base_fee_in_stroops: 1,
      base_reserve_in_stroops: 1,
      protocol_version: 22,
    };
    world.answers({ body: ledger });
    await expect(horizon.ledger(7)).rejects.toMatchObject({ code: 'PI_CHAIN_ANSWER_UNREADABLE' });
  });

  it.each([
    [429, { code: 'PI_UNAVAILABLE', reason: 'rate_limited' }],
    [503, { code: 'PI_UNAVAILABLE', reason: 'status' }],
    [302, { code: 'PI_CHAIN_REFUSED' }],
    [410, { code: 'PI_CHAIN_REFUSED' }],
  ])('tells a %i from an answer', async (status, expected) => {
    world.answers({ status, body: { title: 'Sorry', status } });
    await expect(horizon.feeStats()).rejects.toMatchObject(expected);
  });

  it.each([
    ['a page with 200', { body: '<html>' }, 'unreadable'],
    ['400 of something in between', { status: 400, body: '<html>Bad Request</html>' }, 'unreadable'],
    ['400 with another problem', { status: 400, body: { type: 'about:blank', status: 400 } }, 'unreadable'],
    ['403', { status: 403, body: {} }, 'status'],
    ['404', missing, 'status'],
    ['307', { status: 307, headers: { Location: 'http://127.0.0.1:1/' } }, 'status'],
  ] as [string, Stage, string][])('a submit answered by %s is unknown', async (_, stage, reason) => {
    world.answers(stage);
    await expect(horizon.submit('AAAA+/==')).resolves.toMatchObject({ kind: 'unknown', reason });
    expect(world.last).toMatchObject({ method: 'POST', url: '/transactions', body: 'tx=AAAA%2B%2F%3D%3D' });
    expect(world.last.headers['content-type']).toBe('application/x-www-form-urlencoded');
  });

  it.each([
    ['9', 9_000],
    ['999999999', 600_000],
    ['Fri, 31 Dec 2100 23:59:59 GMT', 600_000],
  ])('says when to come back, in 10 minutes at the latest: Retry-After %s', async (value, retryAfterMs) => {
    world.answers({ status: 429, headers: { 'Retry-After': value }, body: {} });
    await expect(horizon.submit('AAAA')).resolves.toMatchObject({
      kind: 'unknown',
      reason: 'rate_limited',
      retryAfterMs,
    });
    await expect(horizon.network({ retries: 0 })).rejects.toMatchObject({ reason: 'rate_limited', retryAfterMs });
  });

  it('rejects a submit whose signal aborts: nobody waits for an outcome any more', async () => {
    world.answers(() => undefined);
    const reason = new Error('shutting down');
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 30);
    await expect(horizon.submit('AAAA', { signal: controller.signal })).rejects.toBe(reason);
  });

  it.each([
    ['an address', () => horizon.account('../ledgers')],
    ['a secret as an address', () => horizon.account(Keypair.random().secret())],
    ['a hash', () => horizon.transaction('../accounts')],
    ['a ledger', () => horizon.ledger(1.5)],
    ['a cursor', () => horizon.transactions(ADDRESS, { cursor: '1&limit=9' })],
    ['a limit', () => horizon.transactions(ADDRESS, { limit: 201 })],
  ])('never asks with %s that can never be right', async (_, call) => {
    world.answers(missing);
    await expect(call()).rejects.toMatchObject({ code: 'PI_INVALID_ARGUMENT' });
    expect(world.requests).toHaveLength(0);
  });
});
