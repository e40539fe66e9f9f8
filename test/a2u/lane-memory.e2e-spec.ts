import { ALL_RULES } from '../../libs/pi/src/a2u/rule-switches.js';
import { instanceOf } from '../../libs/pi/src/a2u/payout-store.js';
import { openWallets } from '../../libs/pi/src/a2u/wallets.js';
import { PiHorizonClient } from '../../libs/pi/src/chain/horizon-client.js';
import { createPiHttp, type PiHttpService } from '../../libs/pi/src/http/pi-http.js';
import { PiPlatformClient } from '../../libs/pi/src/platform/platform.client.js';
import { createPostgres } from '../support/database.js';
import { until } from '../support/until.js';
import { type Loop, ModelWorker } from './model-worker.js';
import { type Instance, PayoutWorld } from './payout-world.js';

const LOOPS: readonly Loop[] = ['preparing', 'signing', 'finishing'];

describe('What a lane remembers of payouts', () => {
  let world: PayoutWorld;
  let app: Instance;
  let http: PiHttpService;

  beforeAll(async () => {
    world = await PayoutWorld.start(createPostgres, { ledgerMs: 50 });
    app = await world.instance({ idle: true });
    http = createPiHttp({ retries: 0 });
  }, 60_000);
  afterAll(async () => {
    await http.close();
    await world.stop();
  }, 30_000);

  async function newWorker(): Promise<ModelWorker> {
    const { pi } = world;
    const [wallet] = await openWallets([{ signer: { seed: pi.wallet.seed } }]);
    return new ModelWorker({
      app: '',
      wallet: wallet!,
      wallets: new Map([[wallet!.address, wallet!]]),
      ledger: app.ledger,
      horizon: new PiHorizonClient({ http, horizonUrl: pi.horizonUrl }),
      platform: new PiPlatformClient({ http, apiKey: pi.apiKey, platformUrl: pi.platformUrl }),
      passphrase: 'Pi Testnet',
      instance: await app.ledger.read((session) => instanceOf(session, '')),
      canLoseCommits: false,
      rules: ALL_RULES,
    });
  }

  it('is forgotten when they leave it, whatever went wrong on their way', async () => {
    const { pi } = world;
    const worker = await newWorker();
    await worker.takeOver();
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) {
      const uid = await world.pioneer();
      ids.push((await app.payouts.pay({ idempotencyKey: `key-${i}`, uid, amount: '0.5', memo: 'Memory' })).id);
    }
    for (const path of ['/v2/payments', '/v2/payments/:id/complete', '/v2/payments/:id/cancel'])
      pi.addFault({ match: { method: 'POST', path }, fault: 'error', status: 500, times: 2 });
    pi.chain.adversary.onSubmit({ answer: 'timeout', times: 2 });
    await app.payouts.cancel(ids.at(-1)!);
    let most = 0;
    await until(async () => {
      for (const loop of LOOPS) worker.turn(loop);
      most = Math.max(most, worker.remembered);
      const states = await Promise.all(ids.map(async (id) => (await app.payouts.get(id))!.state));
      return states.every((state) => state === 'completed' || state === 'cancelled');
    }, 30_000);
    expect(most).toBeGreaterThan(0);
    expect(worker.remembered).toBe(0);
    worker.crash();
  }, 60_000);
});
