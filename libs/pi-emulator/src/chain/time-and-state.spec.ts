import { alice, bob, chainByHand, PI, sketch, told } from './chain.fixture.js';
import { Chain } from './chain.js';
import { payment } from './payment.js';

describe('Ledgers', () => {
  it('close at strictly increasing whole seconds, however fast they come', () => {
    const chain = chainByHand();
    const times = Array.from({ length: 5 }, () => chain.close().closedAt);
    expect(times).toEqual(times.map((_, index) => (times[0] ?? 0) + index));
    expect(chain.now()).toBe((times[4] ?? 0) * 1000);
  });

  it('move the clock by ledgerSeconds when asked to keep Pi’s proportions', () => {
    const chain = chainByHand({ ledgerSeconds: 5 });
    const start = chain.latest.closedAt;
    for (let ledger = 0; ledger < 24; ledger += 1) chain.close();
    expect(chain.latest.closedAt - start).toBe(120);
  });

  it('follow the clock that tests move', () => {
    const chain = chainByHand();
    const before = chain.now();
    chain.advance(3_600);
    expect(chain.close().closedAt).toBeGreaterThanOrEqual(Math.floor(before / 1000) + 3_600);
    expect(() => chain.advance(-1)).toThrow('give a number of seconds, 0 or more');
  });

  it('close by themselves on a timer, and stop', async () => {
    const chain = new Chain({ ledgerMs: 5 });
    chain.fund(alice.publicKey(), 10n * PI);
    chain.fund(bob.publicKey(), 10n * PI);
    chain.start();
    const { hash, envelopeXdr } = payment(chain, { secret: alice.secret(), destination: bob.publicKey(), stroops: PI });
    chain.submit(envelopeXdr);
    expect(await chain.waitFor(hash)).toMatchObject({ successful: true });
    chain.stop();
    const { sequence } = chain.latest;
    const waiting = chain.waitFor('0'.repeat(64), { timeoutMs: 20 });
    expect(await waiting).toBeUndefined();
    expect(chain.latest.sequence).toBe(sequence);
  });

  it('answer everyone who waits when the chain stops', async () => {
    const chain = chainByHand();
    const waiting = chain.waitFor('0'.repeat(64));
    chain.stop();
    expect(await waiting).toBeUndefined();
  });

  it('cost no memory while they are empty, and still know their hashes and times', () => {
    const chain = chainByHand({ ledgerSeconds: 5 });
    chain.submit(sketch(chain).xdr);
    const filled = chain.close();
    const early = chain.close();
    for (let ledger = 0; ledger < 50_000; ledger += 1) chain.close();
    expect(JSON.stringify(chain.exportState().ledgers).length).toBeLessThan(600);
    expect(chain.ledger(filled.sequence)).toMatchObject({ hash: filled.hash, closedAt: filled.closedAt });
    expect(chain.ledger(early.sequence)).toEqual({
      sequence: early.sequence,
      hash: early.hash,
      closedAt: early.closedAt,
      previousHash: filled.hash,
    });
  });

  it('have hashes of their own on every chain', () => {
    const hashes = new Set<string>();
    for (const chain of [chainByHand(), chainByHand(), chainByHand({ network: 'mainnet' })]) {
      for (let ledger = 0; ledger < 3; ledger += 1) hashes.add(chain.close().hash);
    }
    expect(hashes.size).toBe(9);
  });

  it('tell listeners what they hold', () => {
    const chain = chainByHand();
    const seen: number[] = [];
    const posted: string[] = [];
    const stop = chain.onClose(({ transactions }) => seen.push(transactions.length));
    chain.onSubmit((_, hash) => posted.push(hash));
    const { xdr, hash } = sketch(chain);
    chain.submit(xdr);
    chain.close();
    chain.close();
    stop();
    chain.close();
    expect(seen).toEqual([1, 0]);
    expect(posted).toEqual([hash]);
  });
});

describe('Networks', () => {
  it.each([
    ['mainnet', 'Pi Network', 22],
    ['testnet', 'Pi Testnet', 23],
  ] as const)('%s has the passphrase %s and protocol %d', (network, passphrase, protocol) => {
    expect(new Chain({ network })).toMatchObject({ passphrase, protocol });
    expect(new Chain({ network, protocol: 19 }).protocol).toBe(19);
  });
});

describe('The state of a chain', () => {
  it('goes through JSON and comes back whole: accounts, history, ledgers, queue, bans, clock', () => {
    const chain = chainByHand();
    const done = sketch(chain);
    chain.submit(done.xdr);
    chain.close();
    const waiting = sketch(chain);
    chain.submit(waiting.xdr);
    const banned = sketch(chain, { from: bob, sequence: 9n });
    chain.submit(banned.xdr);
    chain.adversary.useSequence({ secret: bob.secret() });
    chain.advance(1_000);

    const copy = new Chain({ ledgerMs: 'manual' });
    copy.importState(JSON.parse(JSON.stringify(chain.exportState())));
    expect(copy.latest).toEqual(chain.latest);
    expect(copy.transaction(done.hash)).toEqual(chain.transaction(done.hash));
    expect(copy.account(alice.publicKey())).toEqual(chain.account(alice.publicKey()));
    expect(copy.now() - chain.now()).toBeLessThan(1_000);
    expect(told(copy.submit(waiting.xdr))).toBe('DUPLICATE');
    expect(told(copy.submit(banned.xdr))).toBe('TRY_AGAIN_LATER');
    const hashesOf = (closed: Chain): string[] => closed.close().transactions.map(({ hash }) => hash);
    expect(hashesOf(copy)).toEqual(hashesOf(chain));
    expect(copy.latest.hash).toBe(chain.latest.hash);
  });

  it('of one network is refused by the other', () => {
    const state = chainByHand().exportState();
    expect(() => new Chain({ network: 'mainnet' }).importState(state)).toThrow('this state is of testnet');
  });
});

describe('A network reset', () => {
  it.each([
    ['gone', undefined],
    ['refunded', 99n * PI - 100_000n],
  ] as const)('starts a new chain with the accounts %s', (accounts, balance) => {
    const chain = chainByHand();
    const { xdr, hash } = sketch(chain);
    chain.submit(xdr);
    const before = chain.close();
    chain.submit(sketch(chain).xdr);
    chain.reset({ accounts });
    expect(chain.latest.sequence).toBe(1000);
    expect(chain.ledger(before.sequence)).toBeUndefined();
    expect(chain.transaction(hash)).toBeUndefined();
    expect(chain.account(alice.publicKey())?.balance).toBe(balance);
    const after = chain.close();
    expect(after.transactions).toEqual([]);
    expect(after.sequence).toBe(before.sequence);
    expect(after.hash).not.toBe(before.hash);
  });
});
