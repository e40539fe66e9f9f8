/** An app is registered for one of them for good, with its own API key. */
export type PiNetwork = 'mainnet' | 'testnet';

export interface PiNetworkFacts {
  /** `network` of a PaymentDTO, and the passphrase transactions are signed for. */
  readonly passphrase: 'Pi Network' | 'Pi Testnet';
  readonly horizonUrl: string;
}

/** @see https://github.com/pi-apps/pi-platform-docs/blob/master/payments.md */
export const PI_NETWORKS: Readonly<Record<PiNetwork, PiNetworkFacts>> = {
  mainnet: { passphrase: 'Pi Network', horizonUrl: 'https://api.mainnet.minepi.com' },
  testnet: { passphrase: 'Pi Testnet', horizonUrl: 'https://api.testnet.minepi.com' },
};

/** `'Pi Testnet'` → `'testnet'`. Undefined for a network we do not know: refuse it, the same address can exist on both. */
export function piNetworkOf(passphrase: string): PiNetwork | undefined {
  if (passphrase === PI_NETWORKS.mainnet.passphrase) return 'mainnet';
  if (passphrase === PI_NETWORKS.testnet.passphrase) return 'testnet';
  return undefined;
}
