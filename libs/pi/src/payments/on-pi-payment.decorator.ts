import type { PiPaymentEvent, PiPaymentHandlers } from './payment-handlers.js';

/** One event a method handles, for one Pi app. */
export interface PaymentHandlerMark {
  readonly event: PiPaymentEvent;
  /** `''` is the unnamed app. */
  readonly app: string;
}

const MARKS = Symbol.for('nestjs-pi:payment-handler');

/**
 * Makes a provider's method the app's word on payments: found at boot, one for each event and Pi app.
 *
 * @example
 * ```ts
 * @Injectable()
 * export class OrderPayments {
 *   @OnPiPayment('approve')
 *   approve(payment: PiPayment): PiApproval {
 *     const product = this.catalog.find(payment.metadata['productId']);
 *     if (!product) throw new PiPaymentRefusedError('no such product');
 *     return { amount: product.price };
 *   }
 *
 *   @OnPiPayment('completed')
 *   async deliver(payment: PiPaidPayment, tx: PiTransaction): Promise<void> {
 *     await tx.query('insert into orders (payment_id, uid) values ($1, $2)', [payment.id, payment.uid]);
 *   }
 * }
 * ```
 */
export function OnPiPayment<E extends PiPaymentEvent>(event: E, options: { app?: string } = {}) {
  return <T extends PiPaymentHandlers[E]>(
    _target: object,
    _key: string | symbol,
    descriptor: TypedPropertyDescriptor<T>,
  ): void => {
    const method = descriptor.value as object;
    const mark: PaymentHandlerMark = { event, app: options.app ?? '' };
    Reflect.defineMetadata(MARKS, [...paymentHandlerMarks(method), mark], method);
  };
}

/** The marks `@OnPiPayment` left on a method. */
export function paymentHandlerMarks(method: object): readonly PaymentHandlerMark[] {
  return (Reflect.getOwnMetadata(MARKS, method) as PaymentHandlerMark[] | undefined) ?? [];
}
