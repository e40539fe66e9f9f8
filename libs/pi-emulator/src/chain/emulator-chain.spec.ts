import { Chain } from './chain.js';
import { payment } from './payment.js';
import { PiEmulator } from '../emulator.js';

/** The chain as the emulator carries it. */
describe('The chain inside the emulator', () => {
  let pi: PiEmulator;

  beforeEach(async () => {
    pi = await PiEmulator.start({ port: 0, ledgerMs: 'manual', ledgerSeconds: 5, submitTimeoutMs: 20, wallets: 2 });
  });

  afterEach(() => pi.stop());

  function pays(): { hash: string; envelopeXdr: string } {
    const [from, to] = pi.wallets;
    return payment(pi.chain, { secret: from?.seed ?? '', destination: to?.address ?? '', stroops: 1n });
  }

  async function submit(envelopeXdr: string): Promise<number> {
    const body = new URLSearchParams({ tx: envelopeXdr });
    return (await fetch(`${pi.horizonUrl}/transactions`, { method: 'POST', body })).status;
  }

  it('keeps Pi’s proportions when asked, and waits for a ledger as long as told', async () => {
    const { hash, envelopeXdr } = pays();
    expect(await submit(envelopeXdr)).toBe(504);
    const before = pi.chain.latest.closedAt;
    for (let ledger = 0; ledger < 3; ledger += 1) pi.chain.close();
    expect(pi.chain.latest.closedAt).toBeGreaterThanOrEqual(before + 15);
    expect(pi.chain.transaction(hash)).toMatchObject({ successful: true });
    expect(await submit(envelopeXdr)).toBe(200);
  });

  it('has its control routes beside the emulator’s own, and calms down on reset', async () => {
    const response = await fetch(`${pi.url}/_emulator/chain/submits`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ answer: 'rate_limited', times: 99 }),
    });
    expect(response.status).toBe(200);
    expect(await submit(pays().envelopeXdr)).toBe(429);
    await pi.reset();
    expect(await submit(pays().envelopeXdr)).toBe(504);
  });

  it('travels with the emulator’s state', async () => {
    const { hash, envelopeXdr } = pays();
    await submit(envelopeXdr);
    pi.chain.close();
    const copy = new Chain({ ledgerMs: 'manual' });
    copy.importState(JSON.parse(JSON.stringify(pi.state())).chain);
    expect(copy.transaction(hash)).toEqual(pi.chain.transaction(hash));
  });

  it.each([
    [{ ledgerSeconds: 0 }, 'ledgerSeconds is 0'],
    [{ submitTimeoutMs: -1 }, 'submitTimeoutMs is -1'],
    [{ legderMs: 5 }, 'legderMs is no option: the options are port, host, ledgerMs'],
  ])('refuses %j', async (options, message) => {
    await expect(PiEmulator.start({ port: 0, ...options })).rejects.toThrow(message);
  });
});
