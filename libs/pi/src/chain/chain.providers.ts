import type { FactoryProvider } from '@nestjs/common';
import { PiHttpService } from '../http/pi-http.js';
import type { PiResolvedOptions } from '../pi.options.js';
import { getPiOptionsToken, getPiToken } from '../pi.tokens.js';
import { PiTelemetry } from '../telemetry.js';
import { PiHorizonClient } from './horizon-client.js';

/** The chain, of one registered app. */
export function chainProviders(app: string | undefined): FactoryProvider[] {
  return [
    {
      provide: getPiToken(PiHorizonClient, app),
      inject: [getPiOptionsToken(app), getPiToken(PiHttpService, app), getPiToken(PiTelemetry, app)],
      useFactory: ({ horizonUrl }: PiResolvedOptions, http: PiHttpService, telemetry: PiTelemetry) =>
        new PiHorizonClient({ http, horizonUrl, onCall: telemetry.called }),
    },
  ];
}
