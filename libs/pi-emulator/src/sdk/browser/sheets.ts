/// <reference lib="dom" />
import type { Sheets } from './types.js';

/**
 * The dialogs' frame, in a shadow DOM so that the page's styles and ours never meet.
 * Serialised into /pi-sdk.js: uses nothing outside itself.
 */
export function createSheets(styles: string): Sheets {
  let root: ShadowRoot | undefined;

  function shadow(): ShadowRoot {
    if (root?.host.isConnected) return root;
    const host = document.createElement('pi-emulator-ui');
    root = host.attachShadow({ mode: 'open' });
    // A constructed sheet works under a Content-Security-Policy that forbids inline styles.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(styles);
    root.adoptedStyleSheets = [sheet];
    document.body.append(host);
    return root;
  }

  const element: Sheets['element'] = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === true) node.setAttribute(name, '');
      else if (value !== false && value !== undefined) node.setAttribute(name, String(value));
    }
    node.append(...children);
    return node;
  };

  return {
    element,
    button(label, testId, onClick, kind = 'plain') {
      const node = element(
        'button',
        { type: 'button', class: kind, 'data-testid': testId },
        label,
      ) as HTMLButtonElement;
      node.addEventListener('click', onClick);
      return node;
    },
    open(label, onDismiss) {
      const content = element('div', { class: 'content' });
      const dialog = element(
        'dialog',
        { 'aria-label': label, 'data-testid': 'pi-dialog' },
        element(
          'header',
          {},
          element('span', { class: 'mark', 'aria-hidden': 'true' }, 'π'),
          element('span', {}, 'Pi Emulator'),
          element('span', { class: 'badge' }, 'no real Pi moves'),
        ),
        content,
      ) as HTMLDialogElement;
      dialog.addEventListener('cancel', (event) => {
        event.preventDefault();
        onDismiss();
      });
      // The page must not act on keys meant for the dialog.
      dialog.addEventListener('keydown', (event) => event.stopPropagation());
      shadow().append(dialog);
      dialog.showModal();
      return {
        get isOpen() {
          return dialog.isConnected;
        },
        show(...children) {
          content.replaceChildren(...children);
          const first = content.querySelector<HTMLElement>('[autofocus], .main:not(:disabled)');
          first?.focus();
        },
        close() {
          dialog.close();
          dialog.remove();
        },
      };
    },
  };
}
