import type { FactoryProvider, InjectionToken, Provider, Type } from '@nestjs/common';
import { a2uProviders } from './a2u/a2u.providers.js';
import { adsProviders } from './ads/ads.providers.js';
import { authProviders } from './auth/auth.providers.js';
import { chainProviders } from './chain/chain.providers.js';
import { httpProviders } from './http/http.providers.js';
import { ledgerProviders } from './ledger/ledger.providers.js';
import { notificationsProviders } from './notifications/notifications.providers.js';
import { paymentsControllers, paymentsProviders } from './payments/payments.providers.js';
import { PiApps } from './pi-apps.js';
import { platformProviders } from './platform/platform.providers.js';
import type { PiModuleExtras, PiModuleOptions, PiResolvedOptions } from './pi.options.js';
import { getPiOptionsToken, getPiToken } from './pi.tokens.js';
import { PiTelemetry } from './telemetry.js';

/**
 * The concepts an app is composed of, one `<concept>.providers.ts` each. They provide under the tokens of that app
 * (`getPiToken`): a bare class would be one and the same for every registered app.
 */
const concepts: readonly ((app: string | undefined) => Provider[])[] = [
  // One a line, so that additions do not collide.
  httpProviders,
  platformProviders,
  chainProviders,
  ledgerProviders,
  authProviders,
  paymentsProviders,
  a2uProviders,
  adsProviders,
  notificationsProviders,
];

/**
 * Everything one registration provides, and exports.
 *
 * @param beside what stands beside the factory of the options, or the structural ones of `forRoot`; checked with them.
 */
export function piAppProviders(app: string | undefined, givenOptions: InjectionToken, beside: object): Provider[] {
  const options: FactoryProvider = {
    provide: getPiOptionsToken(app),
    inject: [givenOptions, PiApps],
    useFactory: async (given: PiModuleOptions, apps: PiApps) => {
      apps.claim(app ?? '');
      const { checkedOptions } = await import('./options/checked-options.js');
      return checkedOptions(given, app ?? '', beside);
    },
  };
  const telemetry: FactoryProvider = {
    provide: getPiToken(PiTelemetry, app),
    inject: [getPiOptionsToken(app)],
    useFactory: async (resolved: PiResolvedOptions) =>
      new PiTelemetry(resolved.app, await import('@opentelemetry/api')),
  };
  return [options, telemetry, ...concepts.flatMap((providers) => providers(app))];
}

/** Controllers of one registration. The path is carried by a subclass, so that two apps can mount two. */
export function piAppControllers(
  app: string | undefined,
  paymentsController: Required<PiModuleExtras>['paymentsController'],
): Type[] {
  return paymentsControllers(app, paymentsController);
}
