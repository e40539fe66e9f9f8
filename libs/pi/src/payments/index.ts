export { OnPiPayment } from './on-pi-payment.decorator.js';
export type { PiApproveOptions } from './payment-flow.js';
export type { PiApproval, PiPaymentEvent, PiPaymentHandlers } from './payment-handlers.js';
export type { PiPaymentState } from './payment-state.js';
export { PaymentsService } from './payments.service.js';
export type * from './pi-payment-record.js';
export { PiPaymentsController } from './pi-payments.controller.js';
export type { PiPaymentAnswer } from './pi-payments.controller.js';
