export { ApiPiAuth, PI_SECURITY, addPiAuth } from './api-pi-auth.decorator.js';
export type { ApiPiAuthOptions } from './api-pi-auth.decorator.js';
export { addPiPayments } from './payment-routes.js';
export type { PiPaymentRoutesOptions } from './payment-routes.js';
