import type { PiNetwork } from '../pi.options.js';
import { PI_NETWORKS } from '../pi.networks.js';

/** `'Pi Testnet'` → `'testnet'`. Undefined for a network we do not know: refuse it, the same address can exist on both. */
export function piNetworkOf(passphrase: string): PiNetwork | undefined {
  if (passphrase === PI_NETWORKS.mainnet.passphrase) return 'mainnet';
  if (passphrase === PI_NETWORKS.testnet.passphrase) return 'testnet';
  return undefined;
}
