/// <reference lib="dom" />
import type { AdType, Bridge, PaymentCallbacks, PaymentData, SdkConfig, SdkPayment, SdkSession } from './types.js';
import type { createAds } from './ads.js';
import type { createPaymentFlow } from './payment-flow.js';

interface Parts {
  bridge: Bridge;
  consent: (scopes: string[]) => Promise<SdkSession | undefined>;
  pay: ReturnType<typeof createPaymentFlow>;
  createAds: (isSignedIn: () => boolean) => ReturnType<typeof createAds>;
  openShareDialog: (title: string, message: string) => void;
}

/** `window.Pi`, with the calls, results and complaints of Pi's own SDK 2.0. Serialised into /pi-sdk.js: uses nothing outside itself. */
export function createPi(config: SdkConfig, parts: Parts) {
  let isInitialised = false;
  let session: SdkSession | undefined;
  let onIncomplete: ((payment: SdkPayment) => unknown) | undefined;
  const ads = parts.createAds(() => session !== undefined);

  function demandInit(): void {
    if (isInitialised) return;
    throw new Error('Pi Network SDK was not initialized. Call init() before any other method.');
  }
  function demandAdType(type: AdType): void {
    demandInit();
    if (type === 'interstitial' || type === 'rewarded') return;
    throw new Error(`Unknown ad type ${JSON.stringify(type)}: use "interstitial" or "rewarded".`);
  }
  function check({ amount, memo, metadata }: PaymentData, callbacks: PaymentCallbacks): void {
    if (typeof amount !== 'number' || !Number.isFinite(amount) || amount <= 0)
      throw new Error(`Invalid payment: amount has to be a positive number, not ${JSON.stringify(amount)}.`);
    if (typeof memo !== 'string' || !memo) throw new Error('Invalid payment: memo has to be a text.');
    if (typeof metadata !== 'object' || metadata === null)
      throw new Error('Invalid payment: metadata has to be an object.');
    const names = ['onReadyForServerApproval', 'onReadyForServerCompletion', 'onCancel', 'onError'] as const;
    const missing = names.filter((name) => typeof callbacks?.[name] !== 'function');
    if (missing.length) throw new Error(`Missing payment callbacks: ${missing.join(', ')}.`);
  }

  return {
    init({ version }: { version?: string; sandbox?: boolean } = {}): void {
      if (version !== '2.0')
        throw new Error(
          `Pi.init needs a supported version: Pi.init({ version: "2.0" }), not ${JSON.stringify(version)}.`,
        );
      isInitialised = true;
    },

    async authenticate(scopes: string[], onIncompletePaymentFound?: (payment: SdkPayment) => unknown) {
      demandInit();
      if (!Array.isArray(scopes)) throw new Error('Pi.authenticate needs an array of scopes.');
      const signedIn = config.pioneer
        ? await parts.bridge.signIn({ username: config.pioneer }, scopes)
        : await parts.consent(scopes);
      if (!signedIn) throw new Error('User cancelled the authentication.');
      session = signedIn;
      onIncomplete = onIncompletePaymentFound;
      const { accessToken, user, incompletePayment } = signedIn;
      if (incompletePayment) {
        Promise.resolve(incompletePayment)
          .then(onIncomplete)
          .catch((error: unknown) => console.error('pi-emulator: onIncompletePaymentFound failed', error));
      }
      return { accessToken, user: { ...user } };
    },

    createPayment(data: PaymentData, callbacks: PaymentCallbacks): void {
      demandInit();
      if (!session?.scopes.includes('payments')) throw new Error('Cannot create a payment without "payments" scope');
      check(data, callbacks);
      const { amount, memo, metadata } = data;
      const pioneer = {
        username: session.user.username ?? session.user.uid,
        ...(onIncomplete && { onIncompletePaymentFound: onIncomplete }),
      };
      void parts.pay({ amount, memo, metadata }, callbacks, pioneer);
    },

    Ads: {
      async isAdReady(type: AdType) {
        demandAdType(type);
        return ads.isAdReady(type);
      },
      async requestAd(type: AdType) {
        demandAdType(type);
        return ads.requestAd(type);
      },
      async showAd(type: AdType) {
        demandAdType(type);
        return ads.showAd(type);
      },
    },

    async nativeFeaturesList() {
      demandInit();
      return ['inline_media', 'request_permission', 'ad_network'];
    },

    openShareDialog(title: string, message: string): void {
      demandInit();
      parts.openShareDialog(title, message);
    },

    async openUrlInSystemBrowser(url: string): Promise<void> {
      demandInit();
      const { protocol } = new URL(url, location.href);
      if (protocol !== 'https:' && protocol !== 'http:') throw new Error(`Cannot open ${protocol} addresses.`);
      window.open(url, '_blank', 'noopener');
    },
  };
}
