/// <reference lib="dom" />
import type { Sheets } from './types.js';

/** The phone's share dialog. Serialised into /pi-sdk.js: uses nothing outside itself. */
export function createShareDialog({ open, element, button }: Sheets) {
  return function openShareDialog(title: string, message: string): void {
    const sheet = open('Share', close);
    function close() {
      sheet.close();
    }
    function copy() {
      void navigator.clipboard?.writeText(message).catch(() => undefined);
      close();
    }
    sheet.show(
      element('h2', {}, title),
      element('p', { class: 'memo', 'data-testid': 'pi-share-message' }, message),
      element(
        'div',
        { class: 'actions' },
        button('Copy', 'pi-share-copy', copy, 'main'),
        button('Close', 'pi-share-close', close),
      ),
    );
  };
}
