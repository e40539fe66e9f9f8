import type { InjectionToken, Provider } from '@nestjs/common';
import type { PiResolvedOptions } from '../pi.options.js';
import { getPiOptionsToken, getPiToken } from '../pi.tokens.js';
import { PiPlatformClient } from '../platform/platform.client.js';
import { PiTelemetry } from '../telemetry.js';
import { AppsAuthService } from './apps-auth.service.js';
import { PiAuthService } from './pi-auth.service.js';

const UNNAMED = Symbol('nestjs-pi:token-verifier');

/**
 * A named app is found under `getPiToken(PiAuthService, name)`. For the unnamed one that is the class itself, which
 * `PiCoreModule` provides for all apps; so its verifier takes a token of its own.
 */
function verifierToken(app: string | undefined): InjectionToken {
  return app ? getPiToken(PiAuthService, app) : UNNAMED;
}

export function authProviders(app: string | undefined): Provider[] {
  return [
    {
      provide: verifierToken(app),
      inject: [
        getPiOptionsToken(app),
        getPiToken(PiPlatformClient, app),
        getPiToken(PiTelemetry, app),
        AppsAuthService,
      ],
      useFactory: async (
        options: PiResolvedOptions,
        platform: PiPlatformClient,
        telemetry: PiTelemetry,
        apps: AppsAuthService,
      ) => {
        const [{ MeCircuit }, { TokenVerifier }] = await Promise.all([
          import('./me-circuit.js'),
          import('./token-verifier.js'),
        ]);
        return apps.add(options.app, new TokenVerifier(options, platform, new MeCircuit(), telemetry));
      },
    },
  ];
}
