import type { Provider } from '@nestjs/common';
import { PiLedger } from '../ledger/pi-ledger.js';
import type { PiResolvedOptions } from '../pi.options.js';
import { getPiOptionsToken, getPiToken } from '../pi.tokens.js';
import { PiPlatformClient } from '../platform/platform.client.js';
import { AdsService } from './ads.service.js';

export function adsProviders(app: string | undefined): Provider[] {
  return [
    {
      provide: getPiToken(AdsService, app),
      inject: [getPiToken(PiPlatformClient, app), getPiToken(PiLedger, app), getPiOptionsToken(app)],
      useFactory: (platform: PiPlatformClient, ledger: PiLedger<unknown> | undefined, options: PiResolvedOptions) =>
        new AdsService(platform, ledger, options.app),
    },
  ];
}
