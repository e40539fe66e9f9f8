import { Logger } from '@nestjs/common';
import type { PiResolvedOptions } from '../pi.options.js';

/** What the options leave open is said once, at boot. */
export function sayWhatIsNotChecked(options: PiResolvedOptions): void {
  const logger = new Logger(options.app ? `PiModule:${options.app}` : 'PiModule');
  if (options.appId === undefined) {
    logger.warn(
      'No appId: a token that Pi issued to another app is accepted here. Set appId (PI_APP_ID) to refuse it.',
    );
  }
  if (options.wallets.length > 0 && options.ledger === undefined) {
    logger.warn(
      "Wallets, but no ledger: A2UService refuses payouts, for one that is not journaled could be paid twice. Add ledger: { url: 'postgres://…' }, or { directory } to start with.",
    );
    return;
  }
  const unlimited = options.wallets.filter((wallet) => wallet.dailyLimit === undefined).length;
  if (unlimited > 0) {
    logger.warn(
      `${unlimited} of ${options.wallets.length} wallets have no dailyLimit: payouts are limited by the balance alone.`,
    );
  }
}
