import type { EmulatedWallet } from './emulated-wallet.js';
import type { EmulatedNetwork } from './network.js';

/** What `health()` answers. */
export interface EmulatorHealth {
  status: 'ok';
  network: EmulatedNetwork;
  /** Number of the newest ledger of the chain. */
  ledger: number;
}

/** The app as it is registered at the emulated Pi. */
export interface EmulatedApp {
  apiKey: string;
  appId: string;
  network: EmulatedNetwork;
  /** Of the chain: part of every signature. */
  passphrase: string;
  platformUrl: string;
  horizonUrl: string;
  wallets: readonly EmulatedWallet[];
}

/** A ledger just closed. */
export interface ClosedLedgerView {
  sequence: number;
  hash: string;
  /** ISO 8601. */
  closedAt: string;
  /** How many applied in it. */
  transactions: number;
}
