import type { FactoryProvider, ModuleMetadata, Type } from '@nestjs/common';
import type { PiAmountLike } from './chain/pi-amount.js';
import type { PiPool, PiSigner, PiTokenStore, PiTransactionRunner } from './pi.ports.js';

/** The network an app is registered on, for good. The same wallet address can exist on both. */
export type PiNetwork = 'mainnet' | 'testnet';

export interface PiModuleOptions<Handle = unknown> {
  /** Server API key, from the Pi developer portal. */
  apiKey: string;
  /** Network the app is registered on. */
  network: PiNetwork;
  /** When set, a token issued to another app is refused. Default: not checked, which is said at boot. */
  appId?: string;
  /** Base of the Platform API, with its version. Default: `https://api.minepi.com/v2`. */
  platformUrl?: string;
  /** Default: the Horizon of `network`. */
  horizonUrl?: string;
  http?: PiHttpOptions;
  auth?: PiAuthOptions;
  payments?: PiPaymentsOptions;
  /** Where payments and payouts are journaled. Default: nowhere, the services are a plain client. */
  ledger?: PiLedgerOptions<Handle>;
  /** The wallets payouts leave from. Default: none, no payouts. */
  wallets?: PiWallet[];
}

/** Calls to the Platform API and to Horizon. */
export interface PiHttpOptions {
  /** Milliseconds for one attempt of a call. Default: 10,000. */
  timeoutMs?: number;
  /** Further attempts of calls that are safe to repeat. Default: 2. */
  retries?: number;
  /** Connections kept to each host, at least 2. Default: 32. */
  connections?: number;
  /** Longer answers are refused. Default: 4 MiB (a full page of 200 transactions is about 1). */
  maxAnswerBytes?: number;
}

/** How tokens are verified, and how long an answer of Pi is kept. */
export interface PiAuthOptions {
  /** Milliseconds a verified token is trusted, never beyond its `valid_until`. Default: 60,000. */
  cacheMs?: number;
  /** Milliseconds a refused token is refused without asking Pi again. Default: 10,000. */
  negativeCacheMs?: number;
  /** Verified tokens kept, and as many refused ones. Default: 50,000. */
  cacheSize?: number;
  /** Calls of `/me` at a time, less than `http.connections`. Default: half of those, at most 16. */
  concurrentChecks?: number;
  /** Tokens that may wait for one of those calls; beyond, the answer is 503. Default: 1,000. */
  queuedChecks?: number;
  /**
   * Milliseconds after its verification that a token is still honoured while Pi cannot be asked, never beyond its
   * `valid_until`. Default: 0, off.
   */
  staleIfErrorMs?: number;
  /** Shared by several instances. Default: none, each instance asks Pi on its own. */
  store?: PiTokenStore;
}

/** Payments of Pioneers to the app (U2A). */
export interface PiPaymentsOptions {
  /**
   * Milliseconds after its creation that a payment which never got a transaction may be cancelled at Pi, once the Pioneer's
   * client has brought it up as incomplete and the chain shows that nothing was paid. Default: 600,000 (10 minutes).
   */
  abandonAfterMs?: number;
  /**
   * Milliseconds after which a handler that has not answered counts as failed: its transaction is rolled back, and it is
   * called again. Of an `approve` handler at most 10,000 are waited for. Default: 30,000.
   */
  handlerMs?: number;
  /** Milliseconds between two looks of the reconciler for what is due. Default: 2,000. */
  sweepMs?: number;
}

/**
 * PostgreSQL by `url` or by the app's own `pool`, or an embedded PGlite in `directory` (one process; needs the package
 * `@electric-sql/pglite`).
 */
export type PiLedgerOptions<Handle = unknown> = ({ url: string } | { pool: PiPool } | { directory: string }) & {
  /** `'boot'` migrates the schema `pi` when the app starts. Default: `'boot'`. */
  migrations?: 'boot' | 'manual';
  /**
   * How to run a transaction of the app's ORM, so that deliveries commit with the app's own rows. Default: the ledger's
   * own pool.
   */
  transactions?: PiTransactionRunner<Handle>;
};

/** One wallet: one lane of payouts. */
export interface PiWallet {
  /** What logs and `PayoutRequest.wallet` call it. Default: its public key. */
  name?: string;
  signer: PiSigner | { seed: string };
  /** More than this in 24 h is parked, and the operator told. Default: none, which is said at boot. */
  dailyLimit?: PiAmountLike;
  /** A payout of more than this is parked, and the operator told. Default: none. */
  payoutLimit?: PiAmountLike;
  /** More than this to one Pioneer in 24 h is parked, and the operator told. Default: none. */
  dailyLimitPerUid?: PiAmountLike;
  /** Below this balance the operator is warned. Default: what the open payouts need. */
  lowBalance?: PiAmountLike;
  /** Fee an operation. Default: 0.01 Pi … 0.1 Pi. */
  fee?: { min?: PiAmountLike; max?: PiAmountLike };
}

/** Structural, beside the factory: they decide what Nest builds, so a factory cannot return them. */
export interface PiModuleExtras {
  /** Default: true. */
  isGlobal?: boolean;
  /**
   * Name of this Pi app when a process serves several. The ledger keeps everything under it: to the library another name is
   * another app. Default: the unnamed app.
   */
  name?: string;
  /** Mounts `PiPaymentsController`. Default: false; `true` mounts it at `pi_payment`. */
  paymentsController?: boolean | { path: string };
}

/** For `useClass` and `useExisting`. */
export interface PiOptionsFactory<Handle = unknown> {
  createPiOptions(): PiModuleOptions<Handle> | Promise<PiModuleOptions<Handle>>;
}

export interface PiModuleAsyncOptions<Handle = unknown> extends PiModuleExtras, Pick<ModuleMetadata, 'imports'> {
  inject?: FactoryProvider['inject'];
  // `any`: the arguments are what `inject` names, which TypeScript cannot follow.
  // oxlint-disable-next-line typescript/no-explicit-any
  useFactory?: (...args: any[]) => PiModuleOptions<Handle> | Promise<PiModuleOptions<Handle>>;
  useClass?: Type<PiOptionsFactory<Handle>>;
  useExisting?: Type<PiOptionsFactory<Handle>>;
}

/** The options of one Pi app after the check at boot, with every default filled in. */
export interface PiResolvedOptions<Handle = unknown> extends PiModuleOptions<Handle> {
  /** Name of the registration; `''` is the unnamed app. Also the `app` column of the ledger. */
  readonly app: string;
  /** Without a trailing slash. */
  readonly platformUrl: string;
  /** Without a trailing slash. */
  readonly horizonUrl: string;
  /** What the chain of `network` calls itself; part of what is signed. */
  readonly passphrase: string;
  readonly http: Required<PiHttpOptions>;
  readonly auth: Required<Omit<PiAuthOptions, 'store'>> & Pick<PiAuthOptions, 'store'>;
  readonly payments: Required<PiPaymentsOptions>;
  readonly wallets: PiWallet[];
}
