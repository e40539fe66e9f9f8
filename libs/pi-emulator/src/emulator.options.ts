import type { EmulatedNetwork } from './network.js';
import { toStroops } from './platform/amount.js';

/** What `PiEmulator.start()` takes. Everything has a default: `PiEmulator.start()` alone gives a working Pi. */
export interface PiEmulatorOptions {
  /** TCP port; `0` picks a free one. Default: `31415`. */
  port?: number;
  /** Address to listen on. Default: `127.0.0.1` (this machine only). */
  host?: string;
  /** Milliseconds between two chain ledgers, or `'manual'` to close them by `closeLedger()` only. Default: `5000`, as on Pi. */
  ledgerMs?: number | 'manual';
  /**
   * The least the chain's clock moves with every ledger, in seconds. With fast ledgers, `5` keeps Pi's proportion of
   * ledgers to time bounds: a window of 120 s is 24 ledgers. Default: `1`.
   */
  ledgerSeconds?: number;
  /** How long Horizon's `POST /transactions` waits before it answers 504, in ms. Default: `30000`. */
  submitTimeoutMs?: number;
  /** Which network the app is registered on. Default: `testnet`. */
  network?: EmulatedNetwork;
  /** Server API key of the app; starts with `emulated_`. Default: `emulated_<network>_api_key`. */
  apiKey?: string;
  /** What `/me` shows as `app_id`. Default: `emulated-app-<network>`. */
  appId?: string;
  /**
   * How many app wallets to fund. An A2U payment is drawn on the first, unless one of the values in its metadata is the
   * address of another: so do several payout lanes get theirs. Default: `1`.
   */
  wallets?: number;
  /** Balance of each app wallet at the first ledger, in Pi. Default: `1000000`. */
  walletBalance?: number | string;
  /** Pioneers to begin with, when there are none yet. Default: `0`. */
  pioneers?: number;
  /** Keep the state in this file: loaded at start, written before a request that changed something is answered. Default: in memory. */
  stateFile?: string;
  /** Makes identifiers, uids, tokens and the dice of faults repeatable. Default: random. */
  seed?: string | number;
  /** Whom Pi allows one unfinished A2U payment: each user (default) or the whole app. Pi's documents do not say. */
  a2uLimit?: 'app' | 'user';
  /** `false`: creating an A2U payment on mainnet answers `feature_not_available`. Default: `true`. */
  a2uOnMainnet?: boolean;
  /** `false`: `/me` shows documented fields only, so no `app_id`. Default: `true`. */
  undocumentedFields?: boolean;
  /** A2U payments a user may get in 24 h before create answers `too_many_payments`. Default: no limit. */
  maxPaymentsPerUser?: number;
  /** Cancelled A2U payments of a user in 24 h before create answers `too_many_cancelled_payments`. Default: no limit. */
  maxCancelledPaymentsPerUser?: number;
}

/** The options with every default filled in. */
export type ResolvedEmulatorOptions = Required<Omit<PiEmulatorOptions, 'stateFile' | 'seed'>> & {
  stateFile: string | undefined;
  seed: string | undefined;
};

export const DEFAULT_PORT = 31_415;

/** Fills in the defaults and refuses what cannot work, listing every problem at once. */
export function resolveOptions(options: PiEmulatorOptions = {}): ResolvedEmulatorOptions {
  const network = options.network ?? 'testnet';
  const resolved: ResolvedEmulatorOptions = {
    port: options.port ?? DEFAULT_PORT,
    host: options.host ?? '127.0.0.1',
    ledgerMs: options.ledgerMs ?? 5000,
    ledgerSeconds: options.ledgerSeconds ?? 1,
    submitTimeoutMs: options.submitTimeoutMs ?? 30_000,
    network,
    apiKey: options.apiKey ?? `emulated_${network}_api_key`,
    appId: options.appId ?? `emulated-app-${network}`,
    wallets: options.wallets ?? 1,
    walletBalance: options.walletBalance ?? 1_000_000,
    pioneers: options.pioneers ?? 0,
    stateFile: options.stateFile,
    seed: options.seed === undefined ? undefined : String(options.seed),
    a2uLimit: options.a2uLimit ?? 'user',
    a2uOnMainnet: options.a2uOnMainnet ?? true,
    undocumentedFields: options.undocumentedFields ?? true,
    maxPaymentsPerUser: options.maxPaymentsPerUser ?? Number.POSITIVE_INFINITY,
    maxCancelledPaymentsPerUser: options.maxCancelledPaymentsPerUser ?? Number.POSITIVE_INFINITY,
  };
  const problems = [...unknownOptions(options, resolved), ...problemsOf(resolved)];
  if (problems.length > 0) throw new EmulatorOptionsError(problems);
  return resolved;
}

/** Thrown by `PiEmulator.start()`: one line a wrong option, each with its fix. */
export class EmulatorOptionsError extends Error {
  override readonly name = 'EmulatorOptionsError';
  constructor(readonly problems: readonly string[]) {
    super(`The Pi emulator cannot start:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

function* unknownOptions(given: object, known: object): Generator<string> {
  for (const [name, value] of Object.entries(given))
    if (value !== undefined && !Object.hasOwn(known, name))
      yield `${name} is no option: the options are ${Object.keys(known).join(', ')}.`;
}

function* problemsOf(options: ResolvedEmulatorOptions): Generator<string> {
  if (!Number.isInteger(options.port) || options.port < 0 || options.port > 65_535)
    yield `port is ${options.port}: give a number from 0 (any free port) to 65535.`;
  if (options.ledgerMs !== 'manual' && !(options.ledgerMs > 0 && Number.isFinite(options.ledgerMs)))
    yield `ledgerMs is ${options.ledgerMs}: give milliseconds above 0, or 'manual'.`;
  if (!Number.isInteger(options.ledgerSeconds) || options.ledgerSeconds < 1)
    yield `ledgerSeconds is ${options.ledgerSeconds}: give a whole number of seconds, at least 1.`;
  if (!(options.submitTimeoutMs > 0 && Number.isFinite(options.submitTimeoutMs)))
    yield `submitTimeoutMs is ${options.submitTimeoutMs}: give milliseconds above 0.`;
  if (!['testnet', 'mainnet'].includes(options.network))
    yield `network is '${options.network}': give 'testnet' or 'mainnet'.`;
  if (!/^emulated_\S+$/.test(options.apiKey))
    yield `apiKey does not start with 'emulated_': the emulator takes made-up keys only, so that a real one is never typed into it.`;
  if (!Number.isInteger(options.wallets) || options.wallets < 1 || options.wallets > 1000)
    yield `wallets is ${options.wallets}: give a whole number from 1 to 1000.`;
  if (!Number.isInteger(options.pioneers) || options.pioneers < 0 || options.pioneers > 10_000)
    yield `pioneers is ${options.pioneers}: give a whole number from 0 to 10000.`;
  const balance = toStroops(options.walletBalance);
  if (balance === undefined || balance < 10_000_000n)
    yield `walletBalance is ${options.walletBalance}: give Pi with at most 7 decimals, at least 1.`;
  if (!['app', 'user'].includes(options.a2uLimit)) yield `a2uLimit is '${options.a2uLimit}': give 'app' or 'user'.`;
}
