/// <reference lib="dom" />
import type { PaymentData, Sheets, WalletView } from './types.js';

/** The wallet a Pioneer confirms a payment in. Serialised into /pi-sdk.js: uses nothing outside itself. */
export function createWallet({ open, element, button }: Sheets) {
  return function openWallet({ amount, memo }: PaymentData, username: string): WalletView {
    let decide!: (choice: 'confirm' | 'cancel') => void;
    const choice = new Promise<'confirm' | 'cancel'>((settle) => {
      decide = settle;
    });
    let onDismiss = () => decide('cancel');
    const sheet = open('Pi Wallet', () => onDismiss());
    const close = () => sheet.isOpen && sheet.close();

    const price = new Intl.NumberFormat('en', { maximumFractionDigits: 7 }).format(amount);
    const bill = () => [
      element('h2', {}, 'Payment'),
      element(
        'p',
        { class: 'amount', 'data-testid': 'pi-wallet-amount' },
        price,
        element('span', { class: 'unit' }, 'π'),
      ),
      element('p', { class: 'memo', 'data-testid': 'pi-wallet-memo' }, memo),
      element('p', { class: 'quiet' }, `to ${location.host} · from ${username}`),
    ];
    const progress = (text: string) =>
      element(
        'p',
        { class: 'progress', role: 'status', 'data-testid': 'pi-wallet-status' },
        element('span', { class: 'spinner', 'aria-hidden': 'true' }),
        text,
      );
    const outcome = (sign: string, kind: string, text: string) =>
      element(
        'p',
        { class: `outcome ${kind}`, role: 'status', 'data-testid': 'pi-wallet-status' },
        element('span', { class: 'sign', 'aria-hidden': 'true' }, sign),
        text,
      );
    const actions = (...buttons: HTMLElement[]) => element('div', { class: 'actions' }, ...buttons);
    const cancel = () => button('Cancel', 'pi-wallet-cancel', () => decide('cancel'));
    function confirm(isReady: boolean) {
      const node = button(`Pay ${price} π`, 'pi-wallet-confirm', () => decide('confirm'), 'main');
      node.disabled = !isReady;
      return node;
    }

    return {
      choice,
      waitingForApproval() {
        sheet.show(...bill(), progress('Waiting for the app to approve…'), actions(confirm(false), cancel()));
      },
      readyToSign() {
        const approved = outcome('✓', 'good', 'Approved by the app');
        sheet.show(...bill(), approved, actions(confirm(true), cancel()));
      },
      signing() {
        onDismiss = () => undefined;
        sheet.show(...bill(), progress('Signed. Waiting for the ledger to close…'));
      },
      completing(txid) {
        onDismiss = close;
        const hash = element('code', { title: txid }, `${txid.slice(0, 8)}…${txid.slice(-8)}`);
        const line = element('p', { class: 'quiet' }, 'Transaction ', hash);
        const hide = button('Hide', 'pi-wallet-hide', close);
        sheet.show(...bill(), progress('Paid. Waiting for the app to complete…'), line, actions(hide));
      },
      done() {
        onDismiss = close;
        if (!sheet.isOpen) return;
        sheet.show(
          ...bill(),
          outcome('✓', 'good', 'Payment complete'),
          actions(button('Back to the app', 'pi-wallet-close', close, 'main')),
        );
        setTimeout(close, 2_500);
      },
      failed(reason) {
        onDismiss = close;
        if (!sheet.isOpen) return;
        sheet.show(...bill(), outcome('!', 'bad', reason), actions(button('Close', 'pi-wallet-close', close, 'main')));
      },
      close,
    };
  };
}
