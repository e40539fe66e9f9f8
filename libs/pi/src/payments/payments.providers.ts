import type { Provider, Type } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { PiHorizonClient } from '../chain/horizon-client.js';
import { PiLedger } from '../ledger/pi-ledger.js';
import type { PiResolvedOptions } from '../pi.options.js';
import { getPiOptionsToken, getPiToken } from '../pi.tokens.js';
import { PiPlatformClient } from '../platform/platform.client.js';
import { PiTelemetry } from '../telemetry.js';
import { PaymentHandlerExplorer } from './payment-handler.explorer.js';
import { PaymentHandlerRegistry } from './payment-handler.registry.js';
import type { PaymentFlow } from './payment-flow.js';
import { PaymentsService } from './payments.service.js';
import { paymentsController } from './pi-payments.controller.js';

/** Tokens of what only this folder uses. */
const flowToken = (app = '') => Symbol.for(`nestjs-pi:${app}:PaymentFlow`);
const registryToken = (app = '') => Symbol.for(`nestjs-pi:${app}:PaymentHandlerRegistry`);
const explorerToken = (app = '') => Symbol.for(`nestjs-pi:${app}:PaymentHandlerExplorer`);

export function paymentsProviders(app: string | undefined): Provider[] {
  return [
    { provide: registryToken(app), useFactory: () => new PaymentHandlerRegistry() },
    {
      provide: explorerToken(app),
      inject: [ModulesContainer, registryToken(app), getPiOptionsToken(app)],
      useFactory: (modules: ModulesContainer, registry: PaymentHandlerRegistry, options: PiResolvedOptions) =>
        new PaymentHandlerExplorer(modules, registry, options.app, options.ledger !== undefined),
    },
    {
      provide: flowToken(app),
      inject: [
        getPiOptionsToken(app),
        getPiToken(PiPlatformClient, app),
        getPiToken(PiHorizonClient, app),
        registryToken(app),
        getPiToken(PiLedger, app),
        getPiToken(PiTelemetry, app),
      ],
      useFactory: createFlow,
    },
    {
      provide: getPiToken(PaymentsService, app),
      inject: [flowToken(app)],
      useFactory: (flow: PaymentFlow) => new PaymentsService(flow),
    },
  ];
}

/** The controller of one registration, if it wants one. */
export function paymentsControllers(app: string | undefined, mount: boolean | { path: string }): Type[] {
  if (!mount) return [];
  return [paymentsController(app, mount === true ? undefined : mount.path)];
}

/** Loads only the one that is needed. */
async function createFlow(
  { app, network, passphrase, payments: times }: PiResolvedOptions,
  platform: PiPlatformClient,
  horizon: PiHorizonClient,
  handlers: PaymentHandlerRegistry,
  ledger: PiLedger<unknown> | undefined,
  telemetry: PiTelemetry,
): Promise<PaymentFlow> {
  const common = { network, passphrase, platform, horizon, handlers };
  if (!ledger) {
    const { PlainPayments } = await import('./plain-payments.js');
    return new PlainPayments(common);
  }
  const [{ JournaledPayments }, { PaymentParts }, { reportPayments }] = await Promise.all([
    import('./journaled-payments.js'),
    import('./payment-parts.js'),
    import('./payment-report.js'),
  ]);
  telemetry.watchPayments(() => reportPayments(ledger, app));
  return new JournaledPayments(new PaymentParts({ ...common, app, ledger, times }));
}
