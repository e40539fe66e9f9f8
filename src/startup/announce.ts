import type { PiEmulator } from 'pi-emulator';
import type { ShopConfig } from '../config/shop.config.js';

/** Says where everything is. Of the keys it shows those that are made up. */
export function announce(url: string, { operatorKey }: ShopConfig, emulator?: PiEmulator): void {
  const lines = [
    '',
    `Corner Shop     ${url}`,
    `  API           ${url}/docs`,
    operatorKey === undefined
      ? '  Operator      off: set OPERATOR_KEY to turn refunds and payouts on'
      : `  Operator      ${url}/operator`,
  ];
  if (emulator) {
    lines.push(
      `  Operator key  ${operatorKey?.startsWith('emulated_') ? operatorKey : 'as set in OPERATOR_KEY'}`,
      '',
      `Pi Emulator     ${emulator.url}/_emulator     PI_API_KEY is not set: no real Pi moves`,
      `  API key       ${emulator.apiKey}`,
      `  App wallet    ${emulator.wallet.address}`,
      `  Wallet seed   ${emulator.wallet.seed}`,
    );
  }
  console.log([...lines, '', 'Ctrl-C ends it all.', ''].join('\n'));
}
