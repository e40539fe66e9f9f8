import type { FactoryProvider } from '@nestjs/common';
import { PiHttpService } from '../http/pi-http.js';
import type { PiResolvedOptions } from '../pi.options.js';
import { getPiOptionsToken, getPiToken } from '../pi.tokens.js';
import { PiTelemetry } from '../telemetry.js';
import { PiPlatformClient } from './platform.client.js';

/** The Platform API, of one registered app. */
export function platformProviders(app: string | undefined): FactoryProvider[] {
  return [
    {
      provide: getPiToken(PiPlatformClient, app),
      inject: [getPiOptionsToken(app), getPiToken(PiHttpService, app), getPiToken(PiTelemetry, app)],
      useFactory: ({ apiKey, platformUrl }: PiResolvedOptions, http: PiHttpService, telemetry: PiTelemetry) =>
        new PiPlatformClient({ http, apiKey, platformUrl, onCall: telemetry.called }),
    },
  ];
}
