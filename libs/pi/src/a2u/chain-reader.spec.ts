import { PiEmulator } from 'pi-emulator';
import type { ChainTransaction } from '../chain/chain-transaction.js';
import { PiHorizonClient } from '../chain/horizon-client.js';
import { createPiHttp, type PiHttpService } from '../http/pi-http.js';
import { ChainReader } from './chain-reader.js';
import type { PayoutFacts } from './payout.evidence.js';
import { covers } from './payout.rules.js';
import { ALL_RULES } from './rule-switches.js';

/** What a busy wallet's submits were answered with. */
function paid(wallet: string, sequence: bigint): ChainTransaction {
  return {
    hash: sequence.toString(16).padStart(64, '0'),
    successful: true,
    sourceAccount: wallet,
    sequence,
    feeAccount: wallet,
    feeCharged: 100_000n,
    ledger: Number(sequence % 1_000_000n),
    createdAt: new Date(0),
    operationCount: 1,
    envelopeXdr: '',
    pagingToken: String(sequence),
  };
}

describe('What a lane remembers of the chain', () => {
  let emulator: PiEmulator;
  let http: PiHttpService;

  beforeAll(async () => {
    emulator = await PiEmulator.start({ port: 0, ledgerMs: 'manual' });
    http = createPiHttp({ retries: 0 });
  });
  afterAll(async () => {
    await http.close();
    await emulator.stop();
  });

  it('stays small however many payouts go well in one tenure', async () => {
    const wallet = emulator.wallet.address;
    const reader = await ChainReader.open({
      horizon: new PiHorizonClient({ http, horizonUrl: emulator.horizonUrl }),
      wallet,
      passphrase: emulator.chain.passphrase,
      rules: ALL_RULES,
      patienceMs: 1_000,
    });
    const reading = await reader.account();
    const facts = { wallet, attempts: [] } as unknown as PayoutFacts;
    for (let i = 1n; i <= 20_000n; i++) {
      const sequence = reading.sequence + i;
      reader.add(paid(wallet, sequence));
      if (i % 100n === 0n)
        await reader.history({ ...facts, baseline: sequence - 1n }, { sequence, ledger: reading.ledger });
    }
    expect(reader.known.records.length).toBeLessThan(5_000);
    expect(emulator.journal({ path: `/accounts/${wallet}/transactions` })).toEqual([]);
  });

  it('is read on where a listing was too long for one look, and the operator is told once', async () => {
    const { chain, wallet } = emulator;
    const warn = jest.fn();
    const reader = await ChainReader.open({
      horizon: new PiHorizonClient({ http, horizonUrl: emulator.horizonUrl }),
      wallet: wallet.address,
      passphrase: chain.passphrase,
      rules: ALL_RULES,
      patienceMs: 1_000,
      pagesAtOnce: 1,
      logger: { warn },
    });
    const { sequence: baseline } = await reader.account();
    chain.adversary.useSequence({ secret: wallet.seed });
    chain.close();
    for (let i = 0; i < 450; i++) chain.adversary.dust({ to: wallet.address });
    chain.close();
    const reading = await reader.account();
    const facts = { wallet: wallet.address, baseline, attempts: [] } as unknown as PayoutFacts;
    const looks: boolean[] = [];
    for (let i = 0; i < 4; i++) looks.push(covers(facts, reading, await reader.history(facts, reading)).covered);
    expect(looks).toEqual([false, false, true, true]);
    expect(emulator.journal({ path: `/accounts/${wallet.address}/transactions` })).toHaveLength(3);
    expect(warn.mock.calls).toEqual([[expect.stringContaining('history of the wallet')]]);
  });
});
