import type { PiModuleOptions, PiResolvedOptions } from '../pi.options.js';
import { checkOptions } from './check-options.js';
import { resolveOptions } from './resolve-options.js';
import { sayWhatIsNotChecked } from './say-what-is-not-checked.js';

/**
 * From what the app gave to what the services work with.
 *
 * @param beside what stands beside the factory of the options, or the structural ones of `forRoot`.
 * @throws PiConfigurationError naming every problem and its fix.
 */
export function checkedOptions(given: PiModuleOptions, app: string, beside?: object): PiResolvedOptions {
  checkOptions(given, app, beside);
  const resolved = resolveOptions(given, app);
  sayWhatIsNotChecked(resolved);
  return resolved;
}
