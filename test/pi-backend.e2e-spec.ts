import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PiEmulator } from 'pi-emulator';

const run = promisify(execFile);

describe('pi-backend 0.1.3, as its README says', () => {
  let pi: PiEmulator;
  beforeAll(async () => {
    pi = await PiEmulator.start({ port: 0, ledgerMs: 100 });
  });
  afterAll(() => pi.stop());

  it('pays a Pioneer on the emulator unchanged, its Horizon address led here by HTTPS_PROXY', async () => {
    const pioneer = await pi.createPioneer();
    const { stdout } = await run(process.execPath, [join(process.cwd(), 'test/clients/pi-backend-payout.mjs')], {
      env: {
        PATH: process.env['PATH'],
        PI_API_KEY: pi.apiKey,
        PI_WALLET_PRIVATE_SEED: pi.wallet.seed,
        PI_PLATFORM: pi.url,
        UID: pioneer.uid,
        HTTPS_PROXY: pi.url,
      },
      timeout: 20_000,
    });
    const { paymentId, txid, completed, left } = JSON.parse(stdout);
    expect(completed).toMatchObject({
      identifier: paymentId,
      status: { developer_completed: true, transaction_verified: true },
      transaction: { txid, verified: true },
    });
    expect(left).toEqual({ incomplete_server_payments: [] });
    expect(pi.transactions(pioneer.walletAddress)).toMatchObject([
      {
        hash: txid,
        successful: true,
        memo: paymentId,
        operations: [{ source: pi.wallet.address, destination: pioneer.walletAddress, amount: '1.2500000' }],
      },
    ]);
  }, 30_000);
});
