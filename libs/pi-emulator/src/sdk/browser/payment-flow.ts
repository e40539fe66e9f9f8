/// <reference lib="dom" />
import type { Bridge, PaymentCallbacks, PaymentData, SdkConfig, SdkPayment, SdkRefusal, WalletView } from './types.js';

/**
 * One payment, from "create" to "completed", calling the app back as the Pi Browser does: each server callback again
 * about every `repeatMs` until Pi sees that it took effect. Serialised into /pi-sdk.js: uses nothing outside itself.
 */
export function createPaymentFlow(
  bridge: Bridge,
  config: SdkConfig,
  openWallet: (data: PaymentData, username: string) => WalletView,
) {
  const pause = (ms: number) => new Promise<void>((wake) => setTimeout(wake, ms));
  const isCancelled = ({ status }: SdkPayment) => status.cancelled || status.user_cancelled;
  const seconds = (ms: number) => `${Math.round(ms / 1_000)} seconds`;

  /** The app's faults are the app's: they must not stop the wallet. */
  function tell(callback: () => unknown): void {
    Promise.resolve()
      .then(callback)
      .catch((error: unknown) => console.error("pi-emulator: the app's payment callback failed", error));
  }

  /** An answer that was lost says nothing about the money: signing is repeatable, so it is asked for again. */
  async function sign(id: string): Promise<string> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return (await bridge.sign(id)).txid;
      } catch (caught) {
        const isRefusal = (caught as SdkRefusal).code !== undefined;
        if (isRefusal || attempt === 5) throw caught;
        await pause(config.pollMs * attempt);
      }
    }
  }

  return async function pay(
    data: PaymentData,
    callbacks: PaymentCallbacks,
    pioneer: { username: string; onIncompletePaymentFound?: (payment: SdkPayment) => unknown },
  ): Promise<void> {
    const wallet = openWallet(data, pioneer.username);
    wallet.waitingForApproval();
    let answer: 'confirm' | 'cancel' | undefined;
    void wallet.choice.then((choice) => {
      answer = choice;
    });
    const hasDeclined = () => answer === 'cancel';

    let payment: SdkPayment;
    try {
      payment = await bridge.createPayment(data);
    } catch (caught) {
      const refusal = caught as SdkRefusal;
      wallet.failed(refusal.message);
      const pending = refusal.payment;
      if (pending?.transaction) tell(() => pioneer.onIncompletePaymentFound?.(pending));
      tell(() => callbacks.onError(refusal, pending));
      return;
    }
    const id = payment.identifier;

    /** Looks at the payment until `isReached`, announcing it to the app again and again. */
    async function follow(
      isReached: () => boolean,
      announce?: () => unknown,
      limitMs = Infinity,
    ): Promise<'reached' | 'cancelled' | 'late'> {
      const deadline = Date.now() + limitMs;
      let next = 0;
      for (;;) {
        if (isReached()) return 'reached';
        if (isCancelled(payment)) return 'cancelled';
        if (Date.now() >= deadline) return 'late';
        if (announce && Date.now() >= next) {
          next = Date.now() + config.repeatMs;
          tell(announce);
        }
        await pause(config.pollMs);
        // A look that fails is taken again: the emulator may be restarting.
        payment = await bridge.payment(id).catch(() => payment);
      }
    }

    async function cancelled(): Promise<void> {
      if (!isCancelled(payment)) payment = await bridge.cancel(id);
      wallet.close();
      tell(() => callbacks.onCancel(id));
    }
    function failed(error: Error): void {
      wallet.failed(error.message);
      tell(() => callbacks.onError(error, payment));
    }

    try {
      const approval = await follow(
        () => payment.status.developer_approved || hasDeclined(),
        () => callbacks.onReadyForServerApproval(id),
        config.approvalMs,
      );
      if (approval === 'late') {
        payment = await bridge.cancel(id);
        return failed(new Error(`The app did not approve the payment within ${seconds(config.approvalMs)}.`));
      }
      if (approval === 'cancelled' || hasDeclined()) return await cancelled();

      wallet.readyToSign();
      const decision = await follow(() => answer !== undefined);
      if (decision === 'cancelled' || hasDeclined()) return await cancelled();

      wallet.signing();
      const txid = await sign(id);
      payment = await bridge.payment(id).catch(() => payment);

      wallet.completing(txid);
      const completion = await follow(
        () => payment.status.developer_completed,
        () => callbacks.onReadyForServerCompletion(id, txid),
        config.completionMs,
      );
      if (completion === 'reached') return wallet.done();
      if (completion === 'cancelled') return await cancelled();
      failed(
        new Error(
          `The app did not complete the payment within ${seconds(config.completionMs)}. ` +
            'It is handed to the app again at the next sign-in.',
        ),
      );
    } catch (caught) {
      failed(caught as Error);
    }
  };
}
