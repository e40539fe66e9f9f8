/// <reference lib="dom" />
import type { Bridge, SdkPioneer, SdkSession, Sheets } from './types.js';

type Choice = { uid: string } | { username: string };

/** Asks who signs in and what the app may see. Serialised into /pi-sdk.js: uses nothing outside itself. */
export function createConsent(bridge: Bridge, { open, element, button }: Sheets) {
  const remembered = 'pi-emulator:pioneer';
  const meanings: Record<string, string> = {
    username: 'Your Pi username',
    payments: 'Ask you for payments',
    wallet_address: 'Your wallet address, to pay you',
    in_app_notifications: 'Send you notifications',
    roles: 'Your roles in the network',
    preferred_language: 'Your language',
  };

  /** @returns the session, or undefined when the Pioneer declined. */
  return async function consent(scopes: string[]): Promise<SdkSession | undefined> {
    const pioneers = await bridge.pioneers();
    return new Promise((settle, fail) => {
      let choice: Choice | undefined = remember(pioneers);
      const decline = () => finish(() => settle(undefined));
      const sheet = open('Sign in with Pi', decline);

      function finish(then: () => void) {
        sheet.close();
        then();
      }
      function allow() {
        const name = username.value.trim();
        const chosen = name ? { username: name } : choice;
        if (!chosen) return username.focus();
        bridge.signIn(chosen, scopes).then(
          (session) => {
            keep(session.user.uid);
            finish(() => settle(session));
          },
          (error: Error) => finish(() => fail(error)),
        );
      }

      const username = element('input', {
        id: 'pi-new-pioneer',
        'data-testid': 'pi-consent-username',
        autocomplete: 'off',
        autocapitalize: 'none',
        spellcheck: 'false',
        maxlength: 40,
        placeholder: pioneers.length ? 'someone_new' : 'alice',
        autofocus: pioneers.length === 0,
      }) as HTMLInputElement;
      username.addEventListener('keydown', (event) => {
        if (event.key === 'Enter') allow();
      });

      const list = pioneers.map((pioneer) => {
        const chosen = choice !== undefined && 'uid' in choice && choice.uid === pioneer.uid;
        const radio = element('input', { type: 'radio', name: 'pioneer', value: pioneer.uid, checked: chosen });
        radio.addEventListener('change', () => {
          choice = { uid: pioneer.uid };
          username.value = '';
        });
        return element(
          'label',
          { class: 'pioneer', 'data-testid': `pi-consent-pioneer-${pioneer.username}` },
          radio,
          element('span', { class: 'avatar', 'aria-hidden': 'true' }, pioneer.username.slice(0, 1).toUpperCase()),
          element('span', {}, pioneer.username),
        );
      });

      sheet.show(
        element('h2', {}, 'Sign in'),
        element('p', { class: 'quiet' }, `${location.host} would like to know:`),
        element('ul', { class: 'scopes' }, ...scopes.map((scope) => element('li', {}, meanings[scope] ?? scope))),
        element(
          'fieldset',
          {},
          element('legend', {}, list.length ? 'Who are you?' : 'Choose a username'),
          element('div', { class: 'pioneers' }, ...list),
          element(
            'label',
            { class: 'field', for: 'pi-new-pioneer' },
            list.length ? 'or a new Pioneer' : 'A new Pioneer with a full wallet',
          ),
          username,
        ),
        element(
          'div',
          { class: 'actions' },
          button('Allow', 'pi-consent-allow', allow, 'main'),
          button('Not now', 'pi-consent-deny', decline),
        ),
      );
    });
  };

  function remember(pioneers: SdkPioneer[]): Choice | undefined {
    let uid: string | null = null;
    try {
      uid = localStorage.getItem(remembered);
    } catch {
      // Storage may be forbidden to this page: nobody is preselected then.
    }
    const pioneer = pioneers.find((candidate) => candidate.uid === uid) ?? pioneers[0];
    return pioneer && { uid: pioneer.uid };
  }

  function keep(uid: string) {
    try {
      localStorage.setItem(remembered, uid);
    } catch {
      // As above.
    }
  }
}
