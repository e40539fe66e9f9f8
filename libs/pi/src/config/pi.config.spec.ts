import { ConfigModule } from '@nestjs/config';
import type { ConfigType } from '@nestjs/config';
import { Test } from '@nestjs/testing';
import { PiModule } from 'nestjs-pi';
import type { PiModuleAsyncOptions, PiResolvedOptions } from 'nestjs-pi';
import { piConfig } from 'nestjs-pi/config';
import { getPiOptionsToken } from '../pi.tokens.js';

const before = { ...process.env };
const environment = (variables: Record<string, string>) => {
  for (const name of Object.keys(process.env).filter((name) => name.startsWith('PI_'))) delete process.env[name];
  Object.assign(process.env, variables);
};
afterEach(() => {
  environment({});
  Object.assign(process.env, before);
});

const boot = async (options: PiModuleAsyncOptions): Promise<PiResolvedOptions> => {
  const module = await Test.createTestingModule({ imports: [PiModule.forRootAsync(options)] }).compile();
  const resolved = module.get<PiResolvedOptions>(getPiOptionsToken());
  await module.close();
  return resolved;
};

describe('piConfig', () => {
  it('gives PiModule its options from the environment', async () => {
    environment({
      PI_API_KEY: 'emulated_key',
      PI_NETWORK: 'testnet',
      PI_APP_ID: 'shop',
      PI_PLATFORM_URL: 'http://127.0.0.1:31415/v2',
      PI_HORIZON_URL: 'http://127.0.0.1:31415',
    });
    expect(await boot(piConfig.asProvider())).toMatchObject({
      apiKey: 'emulated_key',
      network: 'testnet',
      appId: 'shop',
      platformUrl: 'http://127.0.0.1:31415/v2',
      horizonUrl: 'http://127.0.0.1:31415',
      wallets: [],
    });
  });

  it('takes an empty variable for one that is not set', async () => {
    environment({
      PI_API_KEY: 'key',
      PI_NETWORK: 'mainnet',
      PI_APP_ID: '',
      PI_PLATFORM_URL: '',
      PI_WALLET_PRIVATE_SEED: '',
    });
    expect(await boot(piConfig.asProvider())).toMatchObject({
      platformUrl: 'https://api.minepi.com/v2',
      horizonUrl: 'https://api.mainnet.minepi.com',
    });
  });

  it('can be built upon, and turns the seed into the one wallet', async () => {
    const seed = `S${'A'.repeat(55)}`;
    environment({ PI_API_KEY: 'key', PI_NETWORK: 'testnet', PI_WALLET_PRIVATE_SEED: seed });
    expect(piConfig()).toMatchObject({ wallets: [{ signer: { seed } }] });
    const resolved = await boot({
      imports: [ConfigModule.forFeature(piConfig)],
      inject: [piConfig.KEY],
      useFactory: (config: ConfigType<typeof piConfig>) => ({ ...config, wallets: [], auth: { cacheMs: 1 } }),
    });
    expect(resolved.auth.cacheMs).toBe(1);
  });

  it('leaves it to the boot check to name what is missing', async () => {
    environment({});
    await expect(boot(piConfig.asProvider())).rejects.toThrow(
      /`apiKey` is missing[^]*PI_API_KEY[^]*`network` is missing[^]*PI_NETWORK/,
    );
  });
});
