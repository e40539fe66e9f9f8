import { ALL_RULES } from '../../libs/pi/src/a2u/rule-switches.js';
import { instanceOf } from '../../libs/pi/src/a2u/payout-store.js';
import type { Payout } from '../../libs/pi/src/a2u/payout.js';
import { openWallets } from '../../libs/pi/src/a2u/wallets.js';
import { PiHorizonClient } from '../../libs/pi/src/chain/horizon-client.js';
import { createPiHttp, type PiHttpService } from '../../libs/pi/src/http/pi-http.js';
import { PiPlatformClient } from '../../libs/pi/src/platform/platform.client.js';
import { createPostgres } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { type Loop, ModelWorker } from './model-worker.js';
import { type Instance, PayoutWorld } from './payout-world.js';

const LOOPS: readonly Loop[] = ['preparing', 'signing', 'finishing'];
const COMPLETE = { method: 'POST', path: '/v2/payments/:id/complete' };

describe('The turns of a lane', () => {
  let world: PayoutWorld;
  let app: Instance;
  let http: PiHttpService;
  let worker: ModelWorker;

  beforeAll(async () => {
    world = await PayoutWorld.start(createPostgres, { ledgerMs: 50 });
    app = await world.instance({ idle: true });
    http = createPiHttp({ retries: 0 });
  }, 60_000);
  afterAll(async () => {
    await http.close();
    await world.stop();
  }, 30_000);
  beforeEach(async () => {
    worker = await newWorker();
    await worker.takeOver();
  });
  afterEach(() => worker.crash());

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

  async function ask(key: string): Promise<string> {
    const payout = { idempotencyKey: key, uid: await world.pioneer(), amount: '0.5', memo: 'Turns' };
    return (await app.payouts.pay(payout)).id;
  }

  function states(ids: readonly string[]): Promise<Payout['state'][]> {
    return Promise.all(ids.map(async (id) => (await app.payouts.get(id))!.state));
  }

  it('leave nothing of a payout in memory when it is settled, whatever went wrong on its way', async () => {
    const { pi } = world;
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) ids.push(await ask(`memory-${i}`));
    for (const path of ['/v2/payments', '/v2/payments/:id/complete', '/v2/payments/:id/cancel'])
      pi.addFault({ match: { method: 'POST', path }, fault: 'error', status: 500, times: 2 });
    pi.chain.adversary.onSubmit({ answer: 'timeout', times: 2 });
    await app.payouts.cancel(ids.at(-1)!);
    let most = 0;
    await eventually(async () => {
      for (const loop of LOOPS) worker.turn(loop);
      most = Math.max(most, worker.remembered);
      return (await states(ids)).every((state) => state === 'completed' || state === 'cancelled');
    });
    // The last state is in the database before the turn that wrote it has ended.
    await worker.idle();
    expect(most).toBeGreaterThan(0);
    expect(worker.remembered).toBe(0);
  }, 60_000);

  it('do not overlap: a payout that Pi is slow to complete is not completed again beside it, whatever the others do', async () => {
    const { pi } = world;
    const ids = [await ask('slow-0'), await ask('slow-1'), await ask('slow-2')];
    await eventually(async () => {
      worker.turn('preparing');
      worker.turn('signing');
      return (await states(ids)).every((state) => state === 'paid');
    });
    pi.addFault({ match: COMPLETE, fault: 'error', status: 500, times: 1 });
    pi.addFault({ match: COMPLETE, fault: 'latency', latencyMs: 500, times: 1 });
    const before = pi.journal({ path: COMPLETE.path }).length;
    await eventually(async () => {
      for (const loop of LOOPS) worker.turn(loop);
      return (await states(ids)).every((state) => state === 'completed');
    });
    const asked = pi.journal({ path: COMPLETE.path }).slice(before);
    expect(asked.map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 500]);
  }, 60_000);
});
