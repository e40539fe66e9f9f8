import { Logger } from '@nestjs/common';
import type { PiResolvedOptions } from '../pi.options.js';

/** Defaults that leave something open are said once, at boot. */
export function sayWhatIsNotChecked(options: PiResolvedOptions): void {
  const logger = new Logger(options.app ? `PiModule:${options.app}` : 'PiModule');
  if (options.appId === undefined) {
    logger.warn(
      'No appId: a token that Pi issued to another app is accepted here. Set appId (PI_APP_ID) to refuse it.',
    );
  }
  const unlimited = options.wallets.filter((wallet) => wallet.dailyLimit === undefined).length;
  if (unlimited > 0) {
    logger.warn(
      `${unlimited} of ${options.wallets.length} wallets have no dailyLimit: payouts are limited by the balance alone.`,
    );
  }
}
