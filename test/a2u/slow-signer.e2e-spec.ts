import { Keypair } from '@stellar/stellar-base';
import type { PiSigner } from 'nestjs-pi';
import type { LaneSettings } from '../../libs/pi/src/a2u/lane-parts.js';
import { createPostgres } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { type Instance, PayoutWorld } from './payout-world.js';

const NEVER = new Promise<Uint8Array>(() => {});

describe('A signer that does not answer', () => {
  let world: PayoutWorld;
  let asked: Uint8Array[];

  beforeEach(async () => {
    world = await PayoutWorld.start(createPostgres, { ledgerMs: 100 });
    asked = [];
  }, 60_000);
  afterEach(() => world.stop(), 30_000);

  /** Stands for a KMS, which answers as told. */
  function kms(answer: (sign: () => Uint8Array) => Promise<Uint8Array>): PiSigner {
    const key = Keypair.fromSecret(world.pi.wallet.seed);
    const sign = (hash: Uint8Array) => {
      asked.push(hash);
      return answer(() => key.sign(Buffer.from(hash)));
    };
    return { publicKey: key.publicKey(), sign };
  }
  const instance = (signer: PiSigner, settings: Partial<LaneSettings>) =>
    world.instance({ wallet: { signer }, inside: { settings } });
  const pay = async (app: Instance, key: string) =>
    app.payouts.pay({ idempotencyKey: key, uid: await world.pioneer(), amount: '0.5', memo: 'Kms' });

  it('holds up the payout it is asked for, not the others of its wallet, and is asked again', async () => {
    const signer = kms(async (sign) => (asked.length === 1 ? NEVER : sign()));
    const app = await instance(signer, { signMs: 300 });
    const [first, second] = [await pay(app, 'first'), await pay(app, 'second')];
    for (const { id } of [second, first])
      expect(await app.payouts.whenSettled(id, { timeoutMs: 45_000 })).toMatchObject({ state: 'completed' });
    expect(world.paid()).toHaveLength(2);
  });

  it('gets nothing stored or sent by an answer that comes too late', async () => {
    let answer = () => {};
    const signer = kms(async (sign) =>
      asked.length > 1 ? NEVER : new Promise((resolve) => (answer = () => resolve(sign()))),
    );
    const app = await instance(signer, { signMs: 300 });
    const { id } = await pay(app, 'late');
    await eventually(() => asked.length > 1);
    answer();
    await eventually(() => asked.length > 2);
    expect(await app.payouts.get(id)).toMatchObject({ state: 'created', attempts: [] });
    expect(world.pi.journal({ method: 'POST', path: '/transactions' })).toEqual([]);
  });

  it('does not keep the instance from shutting down', async () => {
    const app = await instance(
      kms(() => NEVER),
      { signMs: 3_600_000, drainMs: 100 },
    );
    const { id } = await pay(app, 'stuck');
    await eventually(() => asked.length > 0);
    await app.stop();
    const next = await world.instance();
    expect(await next.payouts.whenSettled(id, { timeoutMs: 45_000 })).toMatchObject({ state: 'completed' });
  });
});
