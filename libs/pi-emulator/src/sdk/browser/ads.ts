/// <reference lib="dom" />
import type { AdType, AdVerdict, Bridge, SdkConfig, Sheets } from './types.js';

/** `Pi.Ads`: an ad is always ready, and whoever watches decides how it went. Serialised into /pi-sdk.js: uses nothing outside itself. */
export function createAds(bridge: Bridge, config: SdkConfig, sheets: Sheets, isSignedIn: () => boolean) {
  const { open, element, button } = sheets;
  const verdicts: [AdVerdict, string][] = [
    ['granted', 'granted'],
    ['undecided', 'not decided yet'],
    ['failed', 'failed'],
    ['revoked', 'revoked'],
  ];

  /** Shows the ad. @returns what the mediator is to say, or undefined when it was closed early. */
  function watch(type: AdType): Promise<AdVerdict | undefined> {
    return new Promise((settle) => {
      const sheet = open('Advertisement', () => finish(undefined));
      function finish(verdict: AdVerdict | undefined) {
        clearTimeout(timer);
        sheet.close();
        settle(verdict);
      }
      const select = element(
        'select',
        { id: 'pi-ad-verdict', 'data-testid': 'pi-ad-verdict' },
        ...verdicts.map(([value, label]) => element('option', { value }, label)),
      ) as HTMLSelectElement;
      const reward = button('Claim the reward', 'pi-ad-reward', () => finish(select.value as AdVerdict), 'main');
      reward.disabled = true;
      const isRewarded = type === 'rewarded';
      const film = element(
        'div',
        { class: 'ad' },
        element('b', {}, 'Mine time, not Pi'),
        element('span', {}, 'The clock you were always going to buy.'),
        element('i', { 'aria-hidden': 'true' }),
      );
      film.style.setProperty('--ad-ms', `${config.adMs}ms`);
      sheet.show(
        film,
        element(
          'p',
          { class: 'quiet', role: 'status' },
          isRewarded ? 'Watch to the end to earn a reward.' : 'An interstitial ad.',
        ),
        ...(isRewarded
          ? [element('label', { class: 'field', for: 'pi-ad-verdict' }, 'What the ad network will answer'), select]
          : []),
        element(
          'div',
          { class: 'actions' },
          ...(isRewarded ? [reward] : []),
          button(isRewarded ? 'Close without reward' : 'Close', 'pi-ad-close', () => finish(undefined)),
        ),
      );
      const timer = setTimeout(() => {
        reward.disabled = false;
        if (isRewarded) reward.focus();
      }, config.adMs);
    });
  }

  return {
    isAdReady: async (type: AdType) => ({ type, ready: true }),
    requestAd: async (type: AdType) => ({ type, result: 'AD_LOADED' as const }),
    async showAd(type: AdType) {
      if (type !== 'rewarded') {
        await watch(type);
        return { type, result: 'AD_CLOSED' as const };
      }
      if (!isSignedIn()) return { type, result: 'USER_UNAUTHENTICATED' as const };
      const verdict = await watch(type);
      if (!verdict) return { type, result: 'AD_CLOSED' as const };
      try {
        const { adId } = await bridge.createAd(verdict);
        return { type, result: 'AD_REWARDED' as const, adId };
      } catch {
        return { type, result: 'AD_NETWORK_ERROR' as const };
      }
    },
  };
}
