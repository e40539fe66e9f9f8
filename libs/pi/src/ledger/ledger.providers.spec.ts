import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { createPglite } from '../../../../test/support/database.js';
import { PiModule } from '../pi.module.js';
import { PiLedger } from './pi-ledger.js';

const WALLET = { signer: { publicKey: 'G'.padEnd(56, 'A'), sign: async () => new Uint8Array(64) } };

describe('The ledger of a PiModule', () => {
  let database: Awaited<ReturnType<typeof createPglite>>;
  let warnings: jest.SpyInstance;
  beforeEach(async () => {
    warnings = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    database = await createPglite();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await database.drop();
  });

  it('is absent without the option', async () => {
    const app = await Test.createTestingModule({
      imports: [PiModule.forRoot({ apiKey: 'key', network: 'testnet' })],
    }).compile();
    expect(app.get(PiLedger)).toBeUndefined();
    await app.close();
  });

  it.each([
    ['warns of a mainnet wallet on a store that can lose commits', 'mainnet' as const, 1],
    ['says nothing on the testnet', 'testnet' as const, 0],
  ])(
    'opens with the app, ends with it, and %s',
    async (_, network, warned) => {
      const app = await Test.createTestingModule({
        imports: [PiModule.forRoot({ apiKey: 'key', network, wallets: [WALLET], ledger: database.ledger })],
      }).compile();
      await app.init();
      await app.get(PiLedger).transaction((tx) => tx.query('select 1 from pi.migrations'));
      await app.close();
      await expect(app.get(PiLedger).transaction((tx) => tx.query('select 1'))).rejects.toThrow(/shutting down/);
      expect(warnings.mock.calls.filter(([said]) => /can lose commits/.test(String(said)))).toHaveLength(warned);
    },
    30_000,
  );
});
