import type { Provider } from '@nestjs/common';
import { PiHorizonClient } from '../chain/horizon-client.js';
import { PiLedger } from '../ledger/pi-ledger.js';
import type { PiResolvedOptions } from '../pi.options.js';
import { getPiOptionsToken, getPiToken } from '../pi.tokens.js';
import { PiPlatformClient } from '../platform/platform.client.js';
import { PiTelemetry } from '../telemetry.js';
import { A2UService } from './a2u.service.js';
import { UnavailableA2UService } from './unavailable-a2u.service.js';

/** `A2UService` of one registered app, with its lanes. */
export function a2uProviders(app: string | undefined): Provider[] {
  return [
    {
      provide: getPiToken(A2UService, app),
      inject: [
        getPiOptionsToken(app),
        getPiToken(PiLedger, app),
        getPiToken(PiHorizonClient, app),
        getPiToken(PiPlatformClient, app),
        getPiToken(PiTelemetry, app),
      ],
      useFactory: async (
        options: PiResolvedOptions,
        ledger: PiLedger<unknown> | undefined,
        horizon: PiHorizonClient,
        platform: PiPlatformClient,
        telemetry: PiTelemetry,
      ): Promise<A2UService> => {
        if (options.wallets.length === 0) return new UnavailableA2UService('wallets');
        if (!ledger) return new UnavailableA2UService('ledger');
        // Lanes and all they are made of load where there is something to pay from.
        const { LedgerA2UService } = await import('./ledger-a2u.service.js');
        const service = new LedgerA2UService({ options, ledger, horizon, platform, onMoved: telemetry.payoutMoved });
        telemetry.watchLanes(() => service.report());
        return service;
      },
    },
  ];
}
