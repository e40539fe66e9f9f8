import type { Provider } from '@nestjs/common';
import type { PiResolvedOptions } from '../pi.options.js';
import { getPiOptionsToken, getPiToken } from '../pi.tokens.js';
import { PiLedger } from './pi-ledger.js';

/** `PiLedger`, or `undefined` where the app has no ledger. */
export function ledgerProviders(app: string | undefined): Provider[] {
  return [
    {
      provide: getPiToken(PiLedger, app),
      inject: [getPiOptionsToken(app)],
      useFactory: ({ ledger, network, wallets }: PiResolvedOptions): PiLedger<unknown> | undefined =>
        ledger && new PiLedger(ledger, network === 'mainnet' && wallets.length > 0),
    },
  ];
}
