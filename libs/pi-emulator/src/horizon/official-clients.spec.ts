import * as sdk15 from '@stellar/stellar-sdk';
import piBackend from 'pi-backend';
import * as sdk10 from 'stellar-sdk';
import { Chain } from '../chain/chain.js';
import { alice, bob, nobody, PI } from '../chain/chain.fixture.js';
import { HorizonFixture } from './horizon.fixture.js';

// A CommonJS module with a default export: nodenext and swc see it one level apart.
const PiNetwork = piBackend as unknown as typeof piBackend.default;

/** The clients people really use, unchanged, over the wire; ledgers close by themselves. */
let chain: Chain;
let horizon: HorizonFixture;

beforeAll(async () => {
  chain = new Chain({ ledgerMs: 30, firstLedger: 1000 });
  for (const wallet of [alice, bob]) chain.fund(wallet.publicKey(), 100n * PI);
  horizon = await HorizonFixture.open(chain);
  chain.start();
});

afterAll(() => horizon.close());

const clients = {
  '@stellar/stellar-sdk 15': () => ({
    sdk: sdk15 as unknown as typeof sdk10,
    server: new sdk15.Horizon.Server(horizon.url, { allowHttp: true }) as unknown as sdk10.Server,
  }),
  'stellar-sdk 10, which pi-backend uses': () => ({
    sdk: sdk10,
    server: new sdk10.Server(horizon.url, { allowHttp: true }),
  }),
};

describe.each(Object.entries(clients))('%s', (_, open) => {
  async function signed(destination: string, amount: string, memo?: string) {
    const { sdk, server } = open();
    const account = await server.loadAccount(alice.publicKey());
    const builder = new sdk.TransactionBuilder(account, {
      fee: String(await server.fetchBaseFee()),
      networkPassphrase: 'Pi Testnet',
      timebounds: await server.fetchTimebounds(180),
    }).addOperation(sdk.Operation.payment({ destination, amount, asset: sdk.Asset.native() }));
    if (memo !== undefined) builder.addMemo(sdk.Memo.text(memo));
    const transaction = builder.build();
    transaction.sign(sdk.Keypair.fromSecret(alice.secret()));
    return { server, transaction };
  }

  it('loads an account, renaming data and following its links', async () => {
    const { sdk, server } = open();
    const account = await server.loadAccount(bob.publicKey());
    expect(account.sequenceNumber()).toBe((1000n << 32n).toString());
    expect(account.data_attr).toEqual({});
    const { transactions } = account as unknown as { transactions: () => Promise<{ records: unknown[] }> };
    expect((await transactions()).records).toHaveLength(chain.transactionsOf(bob.publicKey()).length);
    await expect(server.loadAccount(nobody.publicKey())).rejects.toBeInstanceOf(sdk.NotFoundError);
  });

  it('reads the fee, the ledgers and the network', async () => {
    const { server } = open();
    expect(await server.fetchBaseFee()).toBe(100_000);
    expect(await server.feeStats()).toMatchObject({ last_ledger_base_fee: '100000' });
    const { records } = await server.ledgers().order('desc').limit(1).call();
    expect(records).toMatchObject([{ base_fee_in_stroops: 100_000, sequence: expect.any(Number) }]);
    const ledger = await server.ledgers().ledger(1001).call();
    expect(ledger).toMatchObject({ sequence: 1001, hash: chain.ledger(1001)?.hash });
  });

  it('pays: with a memo, and without one after asking whether the receiver needs it', async () => {
    for (const memo of ['order 7', undefined]) {
      const { server, transaction } = await signed(bob.publicKey(), '1.25', memo);
      const answer = await server.submitTransaction(transaction);
      const hash = transaction.hash().toString('hex');
      expect(answer).toMatchObject({ hash, successful: true });
      expect(chain.transaction(hash)).toMatchObject({ successful: true, ...(memo !== undefined && { memo }) });
      expect(await server.transactions().transaction(hash).call()).toMatchObject({
        hash,
        source_account: alice.publicKey(),
      });
    }
  });

  it('sees why a payment failed', async () => {
    const { server, transaction } = await signed(nobody.publicKey(), '1', 'x');
    await expect(server.submitTransaction(transaction)).rejects.toMatchObject({
      response: {
        status: 400,
        data: { extras: { result_codes: { transaction: 'tx_failed', operations: ['op_no_destination'] } } },
      },
    });
  });

  it('pages through what an account did', async () => {
    const { server } = open();
    const listing = server.transactions().forAccount(alice.publicKey()).includeFailed(true).order('asc').limit(2);
    const hashes: string[] = [];
    for (let page = await listing.call(); page.records.length > 0; page = await page.next()) {
      hashes.push(...page.records.map(({ hash }) => hash));
    }
    expect(hashes).toEqual(chain.transactionsOf(alice.publicKey()).map(({ hash }) => hash));
    const payments = await server.payments().forAccount(bob.publicKey()).limit(1).call();
    expect(payments.records).toMatchObject([{ type: 'payment', to: bob.publicKey(), amount: '1.2500000' }]);
    const transaction = await payments.records[0]?.transaction();
    expect(transaction).toMatchObject({ hash: hashes[0] });
  });
});

describe('pi-backend 0.1.3', () => {
  it('submits an A2U payment', async () => {
    const pi = new PiNetwork('emulated_key', alice.secret());
    // Its Horizon addresses are written into it: only the address is replaced here.
    Object.assign(pi, {
      NETWORK_PASSPHRASE: 'Pi Testnet',
      getHorizonClient: () => new sdk10.Server(horizon.url, { allowHttp: true }),
      currentPayment: {
        identifier: 'emulatedPaymentIdentifier123',
        amount: 0.5,
        from_address: alice.publicKey(),
        to_address: bob.publicKey(),
        network: 'Pi Testnet',
        transaction: null,
      },
    });
    const txid = await pi.submitPayment('emulatedPaymentIdentifier123');
    expect(chain.transaction(txid)).toMatchObject({
      successful: true,
      memo: 'emulatedPaymentIdentifier123',
      operations: [{ type: 'payment', destination: bob.publicKey(), stroops: PI / 2n }],
    });
  });
});
