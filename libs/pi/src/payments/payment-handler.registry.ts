import type { PiPaymentEvent, PiPaymentHandlers } from './payment-handlers.js';

/** The handlers of one Pi app; filled once, when the app starts. */
export class PaymentHandlerRegistry {
  readonly #handlers = new Map<PiPaymentEvent, PiPaymentHandlers[PiPaymentEvent]>();

  get<E extends PiPaymentEvent>(event: E): PiPaymentHandlers[E] | undefined {
    return this.#handlers.get(event) as PiPaymentHandlers[E] | undefined;
  }

  set<E extends PiPaymentEvent>(event: E, handler: PiPaymentHandlers[E]): void {
    this.#handlers.set(event, handler);
  }

  /** True when some method of this app is marked with `@OnPiPayment`. */
  get any(): boolean {
    return this.#handlers.size > 0;
  }
}
