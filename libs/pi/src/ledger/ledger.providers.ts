import type { Provider } from '@nestjs/common';
import type { PiResolvedOptions } from '../pi.options.js';
import { getPiOptionsToken, getPiToken } from '../pi.tokens.js';
import { PiLedger } from './pi-ledger.js';
import { UnservedApps } from './unserved-apps.js';

const unservedToken = (app = '') => Symbol.for(`nestjs-pi:${app}:UnservedApps`);

/** `PiLedger`, or `undefined` where the app has no ledger. */
export function ledgerProviders(app: string | undefined): Provider[] {
  return [
    {
      provide: getPiToken(PiLedger, app),
      inject: [getPiOptionsToken(app)],
      useFactory: ({ ledger, network, wallets }: PiResolvedOptions): PiLedger<unknown> | undefined =>
        ledger && new PiLedger(ledger, network === 'mainnet' && wallets.length > 0),
    },
    {
      provide: unservedToken(app),
      inject: [getPiToken(PiLedger, app), getPiOptionsToken(app)],
      useFactory: (ledger: PiLedger<unknown> | undefined, options: PiResolvedOptions): UnservedApps | undefined =>
        ledger && new UnservedApps(ledger, options.app),
    },
  ];
}
