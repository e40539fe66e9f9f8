import type { FactoryProvider, InjectionToken, Provider, Type } from '@nestjs/common';
import { ledgerProviders } from './ledger/ledger.providers.js';
import type { PiModuleExtras, PiModuleOptions } from './pi.options.js';
import { resolvePiOptions } from './pi.options-resolver.js';
import { getPiOptionsToken } from './pi.tokens.js';

/**
 * The concepts an app is composed of, one `<concept>.providers.ts` each. They provide under the tokens of that app
 * (`getPiToken`): a bare class would be one and the same for every registered app.
 */
const concepts: readonly ((app: string | undefined) => Provider[])[] = [ledgerProviders];

/** Everything one registration provides, and exports. */
export function piAppProviders(app: string | undefined, givenOptions: InjectionToken): Provider[] {
  const options: FactoryProvider = {
    provide: getPiOptionsToken(app),
    inject: [givenOptions],
    useFactory: (given: PiModuleOptions) => resolvePiOptions(given, app),
  };
  return [options, ...concepts.flatMap((providers) => providers(app))];
}

/** Controllers of one registration. The path is carried by a subclass, so that two apps can mount two. */
export function piAppControllers(
  _app: string | undefined,
  _paymentsController: Required<PiModuleExtras>['paymentsController'],
): Type[] {
  return [];
}
