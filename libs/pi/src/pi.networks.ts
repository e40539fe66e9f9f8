import type { PiNetwork } from './pi.options.js';

/** One host serves both networks. */
export const PI_PLATFORM_URL = 'https://api.minepi.com/v2';

export interface PiNetworkFacts {
  readonly horizonUrl: string;
  readonly passphrase: string;
}

/** Passphrases double as the `network` of a payment at the Platform API. */
export const PI_NETWORKS: Readonly<Record<PiNetwork, PiNetworkFacts>> = {
  mainnet: { horizonUrl: 'https://api.mainnet.minepi.com', passphrase: 'Pi Network' },
  testnet: { horizonUrl: 'https://api.testnet.minepi.com', passphrase: 'Pi Testnet' },
};
