import type { Chain } from '../chain/chain.js';
import { alice, bob, chainByHand, PI, sketch } from '../chain/chain.fixture.js';
import { HorizonFixture } from '../horizon/horizon.fixture.js';

const ALICE = alice.publicKey();

let chain: Chain;
let horizon: HorizonFixture;

beforeEach(async () => {
  chain = chainByHand({ submitTimeoutMs: 100 });
  horizon = await HorizonFixture.open(chain);
});

afterEach(() => horizon.close());

describe('The control API of the chain', () => {
  it('closes ledgers and moves the clock', async () => {
    await horizon.control('advance', { seconds: 500 });
    const { body } = await horizon.control('close', { ledgers: 3 });
    expect(body).toMatchObject({ sequence: 1003, transactions: [] });
    expect(body.closedAt).toBeGreaterThanOrEqual(Math.floor(Date.now() / 1000) + 500);
    expect((await horizon.get('/_emulator/chain/latest')).body).toMatchObject({ sequence: 1003, hash: body.hash });
  });

  it('shows what really is: accounts and applied transactions, with bigints as strings', async () => {
    chain.submit(sketch(chain).xdr);
    const { body } = await horizon.control('close');
    const [transaction] = body.transactions;
    expect(transaction).toMatchObject({ feeCharged: '100000', operations: [{ stroops: '10000000' }] });
    expect((await horizon.get('/_emulator/chain/transactions')).body).toEqual([transaction]);
    expect((await horizon.get(`/_emulator/chain/transactions?account=${bob.publicKey()}`)).body).toHaveLength(1);
    const account = await horizon.get(`/_emulator/chain/accounts/${ALICE}`);
    expect(account.body).toMatchObject({
      address: ALICE,
      balance: '989900000',
      sequence: ((1000n << 32n) + 1n).toString(),
    });
    expect((await horizon.get('/_emulator/chain/accounts/G')).status).toBe(404);
  });

  it('gives Pi', async () => {
    const { body } = await horizon.control('fund', { address: ALICE, stroops: '5' });
    expect(body.balance).toBe(String(100n * PI + 5n));
  });

  const calls: [string, object, () => void | Promise<void>][] = [
    ['ingestion-lag', { ledgers: 3 }, () => expect(chain.adversary.ingestionLag).toBe(3)],
    ['surge', { stroops: '700000' }, () => expect(chain.mempool.effectiveFee).toBe(700_000n)],
    ['trim-history', { before: 1002 }, () => expect(chain.elder).toBe(1002)],
    [
      'use-sequence',
      { secret: alice.secret(), outcome: 'failed' },
      () => expect(appliedOf(ALICE)).toMatchObject([{ successful: false }]),
    ],
    ['bump-sequence', { secret: alice.secret(), by: 9 }, () => expect(nextLedger().sequence).toBe((1000n << 32n) + 9n)],
    [
      'bump-sequence',
      { secret: alice.secret(), to: String((1000n << 32n) + 7n) },
      () => expect(nextLedger().sequence).toBe((1000n << 32n) + 7n),
    ],
    ['dust', { to: ALICE, memo: 'm', stroops: '3' }, () => expect(nextLedger().balance).toBe(100n * PI + 3n)],
    [
      'look-alike',
      { wallet: ALICE, sequence: String((1000n << 32n) + 4n) },
      () => expect(appliedOf(ALICE)).toMatchObject([{ sequence: (1000n << 32n) + 4n }]),
    ],
    ['reset', { accounts: 'gone' }, () => expect(chain.account(ALICE)).toBeUndefined()],
    [
      'replicas',
      { lags: [2], pick: 'cycle' },
      async () => expect((await horizon.get('/')).body.history_latest_ledger).toBe(1000),
    ],
    ['hide', { times: 1 }, async () => expect((await horizon.get(`/transactions/${applied()}`)).status).toBe(404)],
    ['reads', { answer: 'error', status: 500 }, async () => expect((await horizon.get('/')).status).toBe(500)],
    [
      'submits',
      { answer: 'timeout', apply: 'never' },
      async () => expect((await horizon.submit(sketch(chain).xdr)).status).toBe(504),
    ],
    ['fee-bump', {}, () => expect(appliedOf(ALICE)).toMatchObject([{ feeCharged: 200_000n }])],
  ];

  it.each(calls)('%s %j does what the method of that name does', async (name, body, check) => {
    if (name === 'trim-history' || name === 'replicas') for (let ledger = 0; ledger < 2; ledger += 1) chain.close();
    const given = name === 'fee-bump' ? { envelopeXdr: sketch(chain).xdr } : body;
    expect((await horizon.control(name, given)).status).toBe(200);
    await check();
  });

  it('ends it all by calm', async () => {
    await horizon.control('ingestion-lag', { ledgers: 3 });
    await horizon.control('surge', { stroops: '700000' });
    await horizon.control('reads', { answer: 'error', times: 9 });
    await horizon.control('submits', { answer: 'refused', times: 9 });
    expect((await horizon.control('calm')).body).toEqual({ ok: true });
    expect((await horizon.get('/')).body.history_latest_ledger).toBe(1000);
    expect(chain.mempool.effectiveFee).toBe(100_000n);
  });

  it.each([
    ['dust', { to: ALICE, stroops: '1.5' }, 'stroops has to be a whole number as a string'],
    ['use-sequence', { secret: 'S' }, 'invalid'],
    ['fee-bump', { hash: 'ff' }, 'no transaction ff was posted'],
    ['replicas', { lags: [] }, 'whole numbers of ledgers'],
    ['advance', { seconds: -5 }, 'give a number of seconds'],
  ])('says what is wrong with a call: %s %j', async (name, body, message) => {
    expect(await horizon.control(name, body)).toMatchObject({
      status: 400,
      body: { error: 'invalid_arguments', message: expect.stringContaining(message) },
    });
  });

  function nextLedger() {
    chain.close();
    return chain.account(ALICE) ?? { sequence: 0n, balance: 0n };
  }

  function appliedOf(address: string) {
    chain.close();
    return chain.transactionsOf(address);
  }

  function applied(): string {
    const { xdr, hash } = sketch(chain);
    chain.submit(xdr);
    chain.close();
    return hash;
  }
});
