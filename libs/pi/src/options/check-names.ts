import type {
  PiAuthOptions,
  PiHttpOptions,
  PiLedgerOptions,
  PiModuleExtras,
  PiModuleOptions,
  PiPaymentsOptions,
  PiWallet,
} from '../pi.options.js';
import { nearest } from './nearest.js';
import type { Problems } from './problems.js';

/** What a type allows, as a list: the compiler says when one is missing here, or too many. */
const namesOf = <T>(names: Record<keyof T, true>): readonly string[] => Object.keys(names);
type Merged<Union> = { [K in Union extends unknown ? keyof Union : never]: unknown };

/** Beside the factory. */
export const STRUCTURAL = namesOf<PiModuleExtras>({ isGlobal: true, name: true, paymentsController: true });

/** In what the factory returns. */
export const OPTIONS = namesOf<PiModuleOptions>({
  apiKey: true,
  network: true,
  appId: true,
  platformUrl: true,
  horizonUrl: true,
  http: true,
  auth: true,
  payments: true,
  ledger: true,
  wallets: true,
});

/** The options that hold further ones. What is handed in of other libraries (stores, pools, signers) is not looked into. */
const GROUPS: Record<string, readonly string[]> = {
  http: namesOf<PiHttpOptions>({ timeoutMs: true, retries: true, connections: true, maxAnswerBytes: true }),
  auth: namesOf<PiAuthOptions>({
    cacheMs: true,
    negativeCacheMs: true,
    cacheSize: true,
    concurrentChecks: true,
    queuedChecks: true,
    staleIfErrorMs: true,
    store: true,
  }),
  payments: namesOf<PiPaymentsOptions>({ abandonAfterMs: true, handlerMs: true, sweepMs: true }),
  ledger: namesOf<Merged<PiLedgerOptions>>({
    url: true,
    pool: true,
    directory: true,
    migrations: true,
    transactions: true,
  }),
};
const WALLET = namesOf<PiWallet>({
  name: true,
  signer: true,
  dailyLimit: true,
  payoutLimit: true,
  dailyLimitPerUid: true,
  lowBalance: true,
  fee: true,
});
const FEE = namesOf<NonNullable<PiWallet['fee']>>({ min: true, max: true });

/** Every option by its whole name, for one that stands in the wrong place. */
const EVERYWHERE = [
  ...OPTIONS,
  ...Object.entries(GROUPS).flatMap(([group, names]) => names.map((name) => `${group}.${name}`)),
  ...WALLET.map((name) => `wallets[].${name}`),
  'wallets[].signer.seed',
];

/** A misspelt option would be passed over, and its default be used: said at boot, with the name it was to be. */
export function checkNames(given: PiModuleOptions, problems: Problems): void {
  checkGroup(given, '', [...OPTIONS, ...STRUCTURAL], problems);
  for (const [group, names] of Object.entries(GROUPS)) {
    checkGroup(given[group as keyof PiModuleOptions], group, names, problems);
  }
  if (!Array.isArray(given.wallets)) return;
  given.wallets.forEach((wallet: Partial<PiWallet> | null, index) => {
    checkGroup(wallet, `wallets[${index}]`, WALLET, problems);
    checkGroup(wallet?.fee, `wallets[${index}].fee`, FEE, problems);
  });
}

function checkGroup(given: unknown, at: string, names: readonly string[], problems: Problems): void {
  if (!isPlain(given)) return;
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || names.includes(name)) continue;
    problems.add(`\`${within(at, name)}\` is no option.`, suggest(name, at, names));
  }
}

/** @param names those that can stand there. */
export function suggest(name: string, at: string, names: readonly string[]): string {
  const here = nearest(name, names);
  const meant = here === undefined ? nearest(name, EVERYWHERE, lastOf) : within(at, here);
  if (meant !== undefined) return `Did you mean \`${meant}\`?`;
  return `Remove it. What can stand here: ${names.join(', ')}.`;
}

const within = (at: string, name: string): string => (at === '' ? name : `${at}.${name}`);
const lastOf = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

/** As written down in code or JSON. An instance of a class may carry more than options. */
export function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
