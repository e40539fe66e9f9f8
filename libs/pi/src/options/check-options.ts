import { PiConfigurationError } from '../errors/pi-configuration-error.js';
import type { PiModuleOptions } from '../pi.options.js';
import { checkEndpoints } from './check-endpoints.js';
import { checkLedger, hasMethods } from './check-ledger.js';
import { checkNames } from './check-names.js';
import { checkStructure } from './check-structure.js';
import { checkWallets } from './check-wallets.js';
import { kindOf, Problems, shown } from './problems.js';
import type { NumberRule } from './problems.js';
import { DEFAULT_CACHE_MS, DEFAULT_CONNECTIONS } from './resolve-options.js';

const HTTP: Record<string, NumberRule> = {
  timeoutMs: { min: 1, max: 600_000, unit: 'milliseconds' },
  retries: { min: 0, max: 10, unit: 'attempts' },
  connections: { min: 2, max: 10_000, unit: 'connections' },
  maxAnswerBytes: { min: 1_024, unit: 'bytes' },
};

const AUTH: Record<string, NumberRule> = {
  cacheMs: { min: 0, unit: 'milliseconds' },
  negativeCacheMs: { min: 0, unit: 'milliseconds' },
  cacheSize: { min: 1, max: 10_000_000, unit: 'tokens' },
  concurrentChecks: { min: 1, max: 10_000, unit: 'calls' },
  queuedChecks: { min: 0, max: 1_000_000, unit: 'tokens' },
  staleIfErrorMs: { min: 0, unit: 'milliseconds' },
};

const PAYMENTS: Record<string, NumberRule> = {
  abandonAfterMs: { min: 1_000, unit: 'milliseconds' },
  handlerMs: { min: 100, max: 240_000, unit: 'milliseconds' },
  sweepMs: { min: 10, max: 60_000, unit: 'milliseconds' },
};

/**
 * Looks at everything that can be known without a call.
 *
 * @param beside what stands beside the factory of the options, or the structural ones of `forRoot`.
 * @throws PiConfigurationError naming every problem and its fix. No key, seed or password is in it.
 */
export function checkOptions(given: PiModuleOptions, app: string, beside: object = {}): void {
  const problems = new Problems(app);
  if (typeof given !== 'object' || given === null) {
    checkStructure({}, beside, problems);
    problems.add(
      `PiModule got ${given === null ? 'null' : typeof given} instead of options.`,
      'Return { apiKey, network } from the factory given to PiModule.forRootAsync(), or give it to PiModule.forRoot().',
    );
    throw new PiConfigurationError(problems.list);
  }
  checkStructure(given, beside, problems);
  checkNames(given, problems);
  checkEndpoints(given, problems);
  checkNumbers('http', given.http, HTTP, problems);
  checkNumbers('auth', given.auth, AUTH, problems);
  checkStaleTime(given, problems);
  checkRoomForPayments(given, problems);
  checkNumbers('payments', given.payments, PAYMENTS, problems);
  if (given.auth?.store !== undefined && !hasMethods(given.auth.store, 'get', 'set', 'delete')) {
    problems.add(
      '`auth.store` is no store.',
      'Pass a Keyv (of the Cache of cache-manager: `cache.stores[0]`), or anything with get(), set() and delete().',
    );
  }
  checkLedger(given.ledger, problems);
  checkWallets(given.wallets, problems);
  if (problems.list.length > 0) throw new PiConfigurationError(problems.list);
}

function checkStaleTime({ auth }: PiModuleOptions, problems: Problems): void {
  const stale = auth?.staleIfErrorMs;
  const fresh = auth?.cacheMs ?? DEFAULT_CACHE_MS;
  if (typeof stale !== 'number' || !(stale > 0 && stale <= fresh)) return;
  problems.add(
    `\`auth.staleIfErrorMs\` is ${shown(stale)} and \`auth.cacheMs\` is ${shown(fresh)}: both count from when Pi was asked, so that no token would ever be honoured for it.`,
    'Let staleIfErrorMs be more than cacheMs (say, 10 minutes: 600_000), or leave it out: then no token is honoured while Pi cannot be asked.',
  );
}

/** Calls of `/me` may all be held shut at once, and what payments need goes over the same connections. */
function checkRoomForPayments({ auth, http }: PiModuleOptions, problems: Problems): void {
  const checks = auth?.concurrentChecks;
  const connections = http?.connections ?? DEFAULT_CONNECTIONS;
  if (checks === undefined || !(checks >= connections)) return;
  problems.add(
    `\`auth.concurrentChecks\` is ${shown(checks)} and \`http.connections\` is ${shown(connections)}: a slow /me would leave no connection for payments.`,
    'Let concurrentChecks be less than connections, or leave it out: then it is half of them, at most 16.',
  );
}

function checkNumbers(group: string, given: unknown, rules: Record<string, NumberRule>, problems: Problems) {
  if (given === undefined) return;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    problems.add(`\`${group}\` is ${kindOf(given)}.`, `Use { ${Object.keys(rules).join(', ')} }, or leave it out.`);
    return;
  }
  for (const [name, rule] of Object.entries(rules)) {
    problems.number(`${group}.${name}`, (given as Record<string, unknown>)[name], rule);
  }
}
