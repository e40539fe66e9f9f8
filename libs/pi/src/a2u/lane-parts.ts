import type { Logger } from '@nestjs/common';
import type { PiHorizonClient } from '../chain/horizon-client.js';
import type { PiLedger } from '../ledger/pi-ledger.js';
import type { PiSigner } from '../pi.ports.js';
import type { PiPlatformClient } from '../platform/platform.client.js';
import type { PayoutState } from './payout.js';
import type { RuleSwitches } from './rule-switches.js';

/** The moments of a payout after which a process may die. Tests kill it at each of them. */
export type PayoutStep =
  | 'admitted'
  | 'create_posted'
  | 'bound'
  | 'turn_taken'
  | 'attempt_signed'
  | 'attempt_committed'
  | 'submit_posted'
  | 'submit_noted'
  | 'paid_committed'
  | 'complete_posted'
  | 'completed_committed'
  | 'cancelling_committed'
  | 'cancel_posted'
  | 'cancelled_committed';

/** A wallet as its lane sees it. Amounts in stroops. */
export interface LaneWallet {
  readonly address: string;
  /** For logs. */
  readonly name: string;
  readonly signer: PiSigner;
  readonly fee: { readonly min: bigint; readonly max: bigint };
  readonly limits: PayoutLimits;
  /** Below this the operator is warned. */
  readonly lowBalance?: bigint;
}

export interface PayoutLimits {
  readonly perPayout?: bigint;
  readonly perDay?: bigint;
  readonly perUidAndDay?: bigint;
}

export interface LaneSettings {
  /** A worker that died loses its lane after so long. */
  readonly leaseMs: number;
  /** Longest sleep of an idle loop. */
  readonly idleMs: number;
  /** First wait after an answer that says nothing; it doubles up to `maxBackoffMs`. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** How many payouts are created at Pi ahead of the one that waits for its ledger. */
  readonly depth: number;
  /** How long a ledger may be missing before the chain counts as another one. */
  readonly patienceMs: number;
  /** How long a signer may take. */
  readonly signMs: number;
  /** How long a shutdown waits for the answer to a transaction that is on its way. */
  readonly drainMs: number;
  /** How long a lane that cannot work (configuration) waits before it looks again. */
  readonly haltMs: number;
}

export const LANE_SETTINGS: LaneSettings = {
  leaseMs: 15_000,
  idleMs: 5_000,
  backoffMs: 500,
  maxBackoffMs: 15_000,
  depth: 2,
  patienceMs: 60_000,
  signMs: 10_000,
  drainMs: 10_000,
  haltMs: 60_000,
};

/** What a lane is made of. */
export interface LaneParts {
  readonly app: string;
  readonly wallet: LaneWallet;
  /** All wallets of this app, by address: each has its lane. */
  readonly wallets: ReadonlyMap<string, LaneWallet>;
  readonly ledger: PiLedger<unknown>;
  readonly horizon: PiHorizonClient;
  readonly platform: PiPlatformClient;
  readonly passphrase: string;
  /** Of this database, in the metadata of its payments. */
  readonly instance: string;
  /** The store can lose commits it has confirmed. */
  readonly canLoseCommits: boolean;
  /** Commits from before this moment may be missing in it. */
  readonly commitsMissingBefore?: Date;
  readonly settings: LaneSettings;
  readonly rules: RuleSwitches;
  readonly logger: Logger;
  /** Told of every state that a payout enters by what this instance does. */
  readonly onMoved?: (state: PayoutState) => void;
  /** For tests. */
  readonly onStep?: (step: PayoutStep, key: string) => unknown;
}
