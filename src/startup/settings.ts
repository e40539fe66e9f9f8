import type { PiModuleOptions } from 'nestjs-pi';

/** Where `ShopSettings` are provided. */
export const SETTINGS = Symbol('corner-shop:settings');

/** Everything the shop needs to know once the environment was read and, without an API key, a local Pi was started. */
export interface ShopSettings {
  readonly pi: PiModuleOptions;
  /** Address of `pi-sdk.js`: Pi's, or the emulator's. */
  readonly sdkUrl: string;
  /** Folder with `pages/` and `public/`. */
  readonly assetsDirectory: string;
  /** Without one, the operator's routes are off. */
  readonly operatorKey?: string;
  /** Requests a minute and address. Undefined: no limit. */
  readonly requestsPerMinute?: number;
  /** How many proxies stand in front, so that a request is counted for who sent it. */
  readonly trustedProxies: number;
}

/** Whether there is a wallet to pay refunds and rewards from. */
export const hasWallet = ({ pi }: ShopSettings): boolean => (pi.wallets?.length ?? 0) > 0;
