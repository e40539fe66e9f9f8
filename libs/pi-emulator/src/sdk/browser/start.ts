/// <reference lib="dom" />
import type { createAds } from './ads.js';
import type { createBridge } from './bridge.js';
import type { createConsent } from './consent.js';
import type { createPaymentFlow } from './payment-flow.js';
import type { createPi } from './pi.js';
import type { createShareDialog } from './share.js';
import type { createSheets } from './sheets.js';
import type { SdkConfig } from './types.js';
import type { createWallet } from './wallet.js';

export interface SdkFactories {
  createAds: typeof createAds;
  createBridge: typeof createBridge;
  createConsent: typeof createConsent;
  createPaymentFlow: typeof createPaymentFlow;
  createPi: typeof createPi;
  createShareDialog: typeof createShareDialog;
  createSheets: typeof createSheets;
  createWallet: typeof createWallet;
}

/** Puts the parts together and gives the page its `window.Pi`. Serialised into /pi-sdk.js: uses nothing outside itself. */
export function startSdk(make: SdkFactories, styles: string, servedFrom: string): void {
  const script = document.currentScript as HTMLScriptElement | null;
  const address = new URL(script?.src || servedFrom);
  const settings = address.searchParams;
  const milliseconds = (name: string, fallback: number) => {
    const value = Number(settings.get(name) ?? Number.NaN);
    return value >= 0 ? value : fallback;
  };
  const pioneer = settings.get('pioneer');
  const config: SdkConfig = {
    origin: address.origin,
    repeatMs: milliseconds('repeatMs', 10_000),
    approvalMs: milliseconds('approvalMs', 60_000),
    completionMs: milliseconds('completionMs', 60_000),
    pollMs: milliseconds('pollMs', 400),
    adMs: milliseconds('adMs', 3_000),
    ...(pioneer && { pioneer }),
  };

  const bridge = make.createBridge(config);
  const sheets = make.createSheets(styles);
  const pi = make.createPi(config, {
    bridge,
    consent: make.createConsent(bridge, sheets),
    pay: make.createPaymentFlow(bridge, config, make.createWallet(sheets)),
    createAds: (isSignedIn) => make.createAds(bridge, config, sheets, isSignedIn),
    openShareDialog: make.createShareDialog(sheets),
  });
  Object.defineProperty(window, 'Pi', { value: pi, configurable: true, writable: true });
}
