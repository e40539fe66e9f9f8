import { Memo } from '@stellar/stellar-base';
import { setTimeout as delay } from 'node:timers/promises';
import { HorizonFixture, type Answer } from '../../horizon/horizon.fixture.js';
import type { Chain } from '../chain.js';
import { alice, bob, chainByHand, PI, sketch } from '../chain.fixture.js';
import type { SubmitRule } from './adversary.js';

const ALICE = alice.publicKey();
const LISTING = `/accounts/${ALICE}/transactions?include_failed=true&order=desc&limit=200`;

let chain: Chain;
let horizon: HorizonFixture;

beforeEach(async () => {
  chain = chainByHand({ submitTimeoutMs: 300 });
  horizon = await HorizonFixture.open(chain);
});

afterEach(() => horizon.close());

/** A payment of Alice's that has applied. */
function applied(memo?: string): string {
  const { xdr, hash } = sketch(chain, { ...(memo !== undefined && { memo: Memo.text(memo) }) });
  chain.submit(xdr);
  chain.close();
  return hash;
}

async function sequenceSeen(): Promise<bigint> {
  return BigInt((await horizon.get(`/accounts/${ALICE}`)).body.sequence);
}

async function listed(): Promise<Answer['body'][]> {
  return (await horizon.get(LISTING)).body._embedded.records;
}

async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await delay(1);
}

describe('Replicas', () => {
  it('answer from the past, by turn, also backwards, each with its own snapshot', async () => {
    const start = chain.account(ALICE)?.sequence ?? 0n;
    for (let count = 0; count < 3; count += 1) applied();
    chain.adversary.replicas({ path: `/accounts/${ALICE}`, lags: [0, 3, 1] });
    const seen: [bigint, string | null][] = [];
    for (let request = 0; request < 4; request += 1) {
      const { body, headers } = await horizon.get(`/accounts/${ALICE}`);
      seen.push([BigInt(body.sequence) - start, headers.get('latest-ledger')]);
    }
    expect(seen).toEqual([
      [3n, '1003'],
      [0n, '1000'],
      [2n, '1002'],
      [3n, '1003'], // used up: fresh again
    ]);
  });

  it('may lag on one path only: a fresh account beside a stale listing and a stale look-up', async () => {
    const hash = applied();
    chain.adversary.replicas({ pattern: '/transactions', lags: [1], pick: 'cycle' });
    expect(await sequenceSeen()).toBe(chain.account(ALICE)?.sequence);
    expect(await listed()).toEqual([]);
    expect((await horizon.get(`/transactions/${hash}`)).status).toBe(404);
    chain.adversary.calm();
    expect(await listed()).toMatchObject([{ hash }]);
  });

  it('may change between two pages of one listing', async () => {
    const hashes = [applied(), applied(), applied()];
    chain.adversary.replicas({ path: '/transactions', lags: [0, 3] });
    const first = await horizon.get(`/accounts/${ALICE}/transactions?order=desc&limit=1`);
    const second = await horizon.get(first.body._links.next.href);
    expect(first.body._embedded.records).toMatchObject([{ hash: hashes[2] }]);
    expect(second.body._embedded.records).toEqual([]);
  });

  it('are chosen the same way by the same seed', async () => {
    for (let count = 0; count < 4; count += 1) applied();
    const draw = async (): Promise<bigint[]> => {
      chain.adversary.calm();
      chain.adversary.replicas({ lags: [0, 1, 2, 3, 4], pick: 'random', seed: 42 });
      const seen: bigint[] = [];
      for (let request = 0; request < 12; request += 1) seen.push(await sequenceSeen());
      return seen;
    };
    const first = await draw();
    expect(new Set(first).size).toBeGreaterThan(2);
    expect(await draw()).toEqual(first);
  });

  it('refuse lags that are none', () => {
    expect(() => chain.adversary.replicas({ lags: [-1] })).toThrow('whole numbers of ledgers');
    expect(() => chain.adversary.replicas({ lags: [] })).toThrow('whole numbers of ledgers');
  });
});

describe('Ingestion lag', () => {
  it('keeps an applied transaction from readers and from the submit’s answer, while core knows it', async () => {
    chain.adversary.ingestionLag = 2;
    const { xdr, hash } = sketch(chain);
    const answer = horizon.submit(xdr);
    await until(() => chain.mempool.find(hash) !== undefined);
    chain.close();
    expect(chain.transaction(hash)).toMatchObject({ successful: true });
    expect((await horizon.get(`/transactions/${hash}`)).status).toBe(404);
    expect(await sequenceSeen()).toBe(1000n << 32n);
    expect((await horizon.get('/')).body).toMatchObject({ history_latest_ledger: 1000, core_latest_ledger: 1001 });
    chain.close();
    chain.close();
    expect(await answer).toMatchObject({ status: 200, body: { hash } });
  });

  it('answers tx_bad_seq only after looking once more: a copy that has applied meanwhile is found', async () => {
    const hash = applied();
    const { envelopeXdr = '' } = chain.transaction(hash) ?? {};
    chain.adversary.ingestionLag = 1;
    const answer = horizon.submit(envelopeXdr);
    await delay(30);
    chain.close();
    expect(await answer).toMatchObject({ status: 200, body: { hash } });
  });
});

describe('Hidden transactions', () => {
  it('are 404 as often as told, and still in the listing', async () => {
    const hash = applied();
    chain.adversary.hide({ hash, times: 2 });
    const seen: number[] = [];
    for (let request = 0; request < 3; request += 1) seen.push((await horizon.get(`/transactions/${hash}`)).status);
    expect(seen).toEqual([404, 404, 200]);
    expect(await listed()).toHaveLength(1);
  });

  it('can be missing from listings too, which leaves a gap', async () => {
    const hashes = [applied(), applied(), applied()];
    chain.adversary.hide({ hash: hashes[1] ?? '', listings: true });
    expect((await listed()).map(({ hash }) => hash)).toEqual([hashes[2], hashes[0]]);
    chain.adversary.calm();
    expect(await listed()).toHaveLength(3);
  });
});

describe('Submits that go wrong', () => {
  /** What the client saw of the answer. */
  async function post(xdr: string): Promise<string> {
    try {
      const { status, body } = await horizon.submit(xdr);
      return status === 504 ? `504${body.extras?.hash ? ' with hash' : ''}` : String(status);
    } catch {
      return 'broken';
    }
  }

  const cases: [SubmitRule, string, 'applied' | 'not applied'][] = [
    [{ answer: 'timeout' }, '504', 'applied'],
    [{ answer: 'timeout_with_hash' }, '504 with hash', 'applied'],
    [{ answer: 'timeout', apply: 'never' }, '504', 'not applied'],
    [{ answer: 'lost' }, 'broken', 'applied'],
    [{ answer: 'lost', delayMs: 10 }, 'broken', 'applied'],
    [{ answer: 'refused' }, 'broken', 'not applied'],
    [{ answer: 'rate_limited', apply: 'never' }, '429', 'not applied'],
    [{ answer: 'rate_limited' }, '429', 'applied'],
    [{ answer: 'error', status: 503 }, '503', 'applied'],
    [{ answer: 'error', apply: 'never' }, '502', 'not applied'],
    [{ apply: 'never' }, '504 with hash', 'not applied'],
  ];

  it.each(cases)('%j: the client sees %s, and the transaction is %s', async (rule, seen, outcome) => {
    chain.adversary.onSubmit(rule);
    const { xdr, hash } = sketch(chain);
    expect(await post(xdr)).toBe(seen);
    for (let ledger = 0; ledger < 3; ledger += 1) chain.close();
    expect(chain.transaction(hash)?.successful ?? false).toBe(outcome === 'applied');
  });

  it('hand a transaction to core only ledgers later, after the client has given up', async () => {
    chain.adversary.onSubmit({ answer: 'timeout', apply: 2 });
    const { xdr, hash } = sketch(chain);
    expect(await post(xdr)).toBe('504');
    expect(chain.close().transactions).toEqual([]);
    expect(chain.close().transactions).toEqual([]);
    expect(chain.close().transactions).toMatchObject([{ hash, successful: true }]);
  });

  it('lose the answer of a transaction that has already applied', async () => {
    chain.adversary.onSubmit({ answer: 'lost', afterApplied: true });
    const { xdr, hash } = sketch(chain);
    const answer = post(xdr);
    await until(() => chain.mempool.find(hash) !== undefined);
    chain.close();
    expect(await answer).toBe('broken');
    expect(await post(xdr)).toBe('200');
  });

  it('answer late', async () => {
    chain.adversary.onSubmit({ delayMs: 80, afterApplied: true });
    const { xdr, hash } = sketch(chain);
    const answer = post(xdr);
    await until(() => chain.mempool.find(hash) !== undefined);
    const started = performance.now();
    chain.close();
    expect(await answer).toBe('200');
    expect(performance.now() - started).toBeGreaterThan(70);
  });

  it('hit only the account or the hash they are about, as often as told', async () => {
    chain.adversary.onSubmit({ account: bob.publicKey(), answer: 'rate_limited', times: 2 });
    const ours = sketch(chain);
    const theirs = sketch(chain, { from: bob, to: ALICE });
    expect([await post(ours.xdr), await post(theirs.xdr), await post(theirs.xdr)]).toEqual([
      '504 with hash',
      '429',
      '429',
    ]);
    chain.close();
    expect(await post(theirs.xdr)).toBe('200');
  });

  it('let a stranger wrap the transaction: the listing then shows an unknown hash', async () => {
    chain.adversary.onSubmit({ apply: 'wrapped', answer: 'timeout' });
    const { xdr, hash } = sketch(chain, { memo: Memo.text('ours') });
    expect(await post(xdr)).toBe('504');
    chain.close();
    const [record] = await listed();
    expect(record).toMatchObject({
      memo: 'ours',
      successful: true,
      inner_transaction: { hash },
      source_account: ALICE,
    });
    expect(record.hash).not.toBe(hash);
    expect(await post(xdr)).toBe('200');
  });
});

describe('Reads that go wrong', () => {
  it.each([
    [{ answer: 'not_found' }, 404, 'application/problem+json'],
    [{ answer: 'rate_limited' }, 429, 'application/problem+json'],
    [{ answer: 'error', status: 500 }, 500, 'text/html'],
  ] as const)('%j', async (rule, status, type) => {
    chain.adversary.onRead({ path: '/accounts/', ...rule });
    expect((await horizon.get('/fee_stats')).status).toBe(200);
    expect(await horizon.get(`/accounts/${ALICE}`)).toMatchObject({ status, type });
    expect((await horizon.get(`/accounts/${ALICE}`)).status).toBe(200);
  });

  it('break the connection', async () => {
    chain.adversary.onRead({ answer: 'lost' });
    await expect(horizon.get('/')).rejects.toThrow('fetch failed');
    expect((await horizon.get('/')).status).toBe(200);
  });
});

describe('Other people', () => {
  it.each(['success', 'failed'] as const)('use the wallet’s next sequence number with its key: %s', async (outcome) => {
    const before = chain.account(ALICE)?.sequence ?? 0n;
    const ours = sketch(chain);
    const foreign = chain.adversary.useSequence({ secret: alice.secret(), outcome });
    chain.submit(ours.xdr);
    chain.close();
    expect(foreign.sequence).toBe(before + 1n);
    expect(chain.transaction(ours.hash)).toBeUndefined();
    expect(await listed()).toMatchObject([
      {
        hash: foreign.hash,
        successful: outcome === 'success',
        source_account: ALICE,
        source_account_sequence: (before + 1n).toString(),
        memo_type: 'none',
      },
    ]);
  });

  it('wrap a posted transaction in a fee bump, even one nobody else ever saw', async () => {
    chain.adversary.onSubmit({ apply: 'never', answer: 'timeout' });
    const { xdr, hash } = sketch(chain);
    await horizon.submit(xdr);
    const outer = chain.adversary.wrapInFeeBump({ hash });
    chain.close();
    expect(chain.transaction(hash)).toMatchObject({ hash: outer.hash, innerHash: hash, successful: true });
    expect(() => chain.adversary.wrapInFeeBump({ hash: 'ff' })).toThrow('no transaction ff was posted');
    expect(() => chain.adversary.wrapInFeeBump({ envelopeXdr: xdr })).toThrow('tx_fee_bump_inner_failed (tx_bad_seq)');
  });

  it('show in the wallet’s listing with its own sequence number and memo, from another account', async () => {
    const next = (chain.account(ALICE)?.sequence ?? 0n) + 1n;
    const record = chain.adversary.lookAlike({ wallet: ALICE, memo: 'our identifier' });
    chain.close();
    expect(await listed()).toMatchObject([
      { hash: record.hash, memo: 'our identifier', source_account_sequence: next.toString(), successful: true },
    ]);
    expect(record.source).not.toBe(ALICE);
    expect(chain.account(ALICE)).toMatchObject({ sequence: next - 1n, balance: 100n * PI + 1n });
  });

  it('send dust with our memo', async () => {
    const { hash } = chain.adversary.dust({ to: ALICE, memo: 'our identifier', stroops: 5n });
    chain.close();
    expect(await listed()).toMatchObject([{ hash, memo: 'our identifier', successful: true }]);
    expect(chain.account(ALICE)?.balance).toBe(100n * PI + 5n);
  });

  it('move the wallet ahead by bump_sequence, which leaves a gap', async () => {
    const start = chain.account(ALICE)?.sequence ?? 0n;
    chain.adversary.bumpSequence({ secret: alice.secret(), by: 4 });
    chain.close();
    applied();
    const sequences = (await listed()).map((record) => BigInt(record.source_account_sequence) - start);
    expect(sequences).toEqual([5n, 1n]);
  });
});

describe('Trimmed history', () => {
  it('forgets transactions and ledgers, not accounts', async () => {
    const old = applied();
    const recent = applied();
    chain.adversary.trimHistory(1002);
    expect((await horizon.get(`/transactions/${old}`)).status).toBe(404);
    expect((await listed()).map(({ hash }) => hash)).toEqual([recent]);
    expect((await horizon.get('/ledgers/1001')).status).toBe(410);
    expect((await horizon.get('/')).body.history_elder_ledger).toBe(1002);
    expect(await sequenceSeen()).toBe(chain.account(ALICE)?.sequence);
    expect(chain.transaction(old)).toBeDefined();
  });
});
