/** A Pi network, as options name it. */
export type EmulatedNetwork = 'testnet' | 'mainnet';

/** What the Platform API calls the network in a payment; also the passphrase of its chain. */
export const NETWORK_NAMES = { testnet: 'Pi Testnet', mainnet: 'Pi Network' } as const satisfies Record<
  EmulatedNetwork,
  string
>;
