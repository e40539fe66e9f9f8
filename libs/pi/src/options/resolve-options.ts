import { PI_NETWORKS, PI_PLATFORM_URL } from '../pi.networks.js';
import type {
  PiAuthOptions,
  PiHttpOptions,
  PiModuleOptions,
  PiPaymentsOptions,
  PiResolvedOptions,
} from '../pi.options.js';

/** Half of them, and at most so many, ask `/me`. */
const MOST_CHECKS = 16;
export const DEFAULT_CONNECTIONS = 32;
export const DEFAULT_CACHE_MS = 60_000;

const http: Required<PiHttpOptions> = {
  timeoutMs: 10_000,
  retries: 2,
  connections: DEFAULT_CONNECTIONS,
  maxAnswerBytes: 4 * 1024 * 1024,
};

const auth: Required<Omit<PiAuthOptions, 'store' | 'concurrentChecks'>> = {
  cacheMs: DEFAULT_CACHE_MS,
  negativeCacheMs: 10_000,
  cacheSize: 50_000,
  queuedChecks: 1_000,
  staleIfErrorMs: 0,
};

const payments: Required<PiPaymentsOptions> = { abandonAfterMs: 10 * 60_000, handlerMs: 30_000, sweepMs: 2_000 };

/** Fills in the defaults. */
export function resolveOptions<H>(given: PiModuleOptions<H>, app = ''): PiResolvedOptions<H> {
  const network = PI_NETWORKS[given.network];
  const calls = { ...http, ...defined(given.http) };
  const concurrentChecks = Math.min(MOST_CHECKS, Math.floor(calls.connections / 2));
  return {
    ...given,
    app,
    platformUrl: withoutSlash(given.platformUrl ?? PI_PLATFORM_URL),
    horizonUrl: withoutSlash(given.horizonUrl ?? network.horizonUrl),
    passphrase: network.passphrase,
    http: calls,
    auth: { ...auth, concurrentChecks, ...defined(given.auth) },
    payments: { ...payments, ...defined(given.payments) },
    wallets: given.wallets ?? [],
  };
}

/** `{ timeoutMs: undefined }` means the default, not undefined. */
function defined<T extends object>(options: T | undefined): Partial<T> {
  return Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
