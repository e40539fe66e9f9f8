import type { FactoryProvider } from '@nestjs/common';
import type { PiResolvedOptions } from '../pi.options.js';
import { getPiOptionsToken, getPiToken } from '../pi.tokens.js';
import { createPiHttp, PiHttpService } from './pi-http.js';

/** Connections of one registered app. Under a class of its own: `HttpService` is the app's. */
export function httpProviders(app: string | undefined): FactoryProvider[] {
  return [
    {
      provide: getPiToken(PiHttpService, app),
      inject: [getPiOptionsToken(app)],
      useFactory: ({ http }: PiResolvedOptions) => createPiHttp(http),
    },
  ];
}
