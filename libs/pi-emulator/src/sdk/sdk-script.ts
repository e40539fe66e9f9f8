import { createAds } from './browser/ads.js';
import { createBridge } from './browser/bridge.js';
import { createConsent } from './browser/consent.js';
import { createPaymentFlow } from './browser/payment-flow.js';
import { createPi } from './browser/pi.js';
import { createShareDialog } from './browser/share.js';
import { createSheets } from './browser/sheets.js';
import { type SdkFactories, startSdk } from './browser/start.js';
import { createWallet } from './browser/wallet.js';
import { SDK_STYLES } from './sdk-styles.js';

const FACTORIES: SdkFactories = {
  createAds,
  createBridge,
  createConsent,
  createPaymentFlow,
  createPi,
  createShareDialog,
  createSheets,
  createWallet,
};

/**
 * The text of `/pi-sdk.js`: a classic script that sets `window.Pi` before the next script runs.
 *
 * Its parts are ordinary, type-checked functions of `browser/`, printed here. That keeps the browser code free of a
 * bundler and of files that `tsc` would not copy; the price is that each of them may use nothing but its arguments.
 *
 * @param origin where this emulator listens, for pages that load the script as a module.
 */
export function piSdkScript(origin: string): string {
  const printed = Object.values(FACTORIES).map(String);
  return [
    "// pi-emulator's stand-in for https://sdk.minepi.com/pi-sdk.js: no real Pi moves.",
    '(() => {',
    "'use strict';",
    ...printed,
    `(${String(startSdk)})({ ${Object.keys(FACTORIES).join(', ')} }, ${inScript(SDK_STYLES)}, ${inScript(origin)});`,
    '})();',
    '',
  ].join('\n');
}

const inScript = (text: string): string => JSON.stringify(text);
