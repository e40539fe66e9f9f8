import { registerAs } from '@nestjs/config';
import type { PiModuleOptions, PiNetwork, PiWallet } from '../pi.options.js';

/**
 * The options of `PiModule` from the environment:
 *
 * | variable | option |
 * |---|---|
 * | `PI_API_KEY` | `apiKey` |
 * | `PI_NETWORK` | `network`: `mainnet` or `testnet` |
 * | `PI_APP_ID` | `appId` |
 * | `PI_WALLET_PRIVATE_SEED` | the one wallet payouts leave from |
 * | `PI_PLATFORM_URL`, `PI_HORIZON_URL` | other hosts than Pi's own, e.g. the emulator's |
 *
 * A variable that is empty counts as not set. Nothing is checked here: `PiModule` names every problem at boot.
 *
 * @example
 * PiModule.forRootAsync(piConfig.asProvider())
 * @example
 * PiModule.forRootAsync({
 *   imports: [ConfigModule.forFeature(piConfig)],
 *   inject: [piConfig.KEY],
 *   useFactory: (config: ConfigType<typeof piConfig>) => ({ ...config, ledger: { url: process.env.DATABASE_URL! } }),
 * })
 */
export const piConfig = registerAs('pi', (): PiModuleOptions => {
  const { PI_API_KEY, PI_NETWORK, PI_APP_ID, PI_WALLET_PRIVATE_SEED, PI_PLATFORM_URL, PI_HORIZON_URL } = process.env;
  return {
    apiKey: PI_API_KEY ?? '',
    network: (PI_NETWORK ?? '') as PiNetwork,
    ...given('appId', PI_APP_ID),
    ...given('platformUrl', PI_PLATFORM_URL),
    ...given('horizonUrl', PI_HORIZON_URL),
    ...given('wallets', PI_WALLET_PRIVATE_SEED ? [wallet(PI_WALLET_PRIVATE_SEED)] : undefined),
  };
});

function wallet(seed: string): PiWallet {
  return { signer: { seed } };
}

function given<K extends keyof PiModuleOptions>(key: K, value: PiModuleOptions[K] | ''): Partial<PiModuleOptions> {
  return value === undefined || value === '' ? {} : { [key]: value };
}
