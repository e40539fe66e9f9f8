export { Chain, type ResetOptions } from './chain.js';
export type { ChainState } from './chain-state.js';
export { ChainView, type TransactionQuery } from './chain-view.js';
export * from './chain.types.js';
export { payment, type PaymentOptions } from './payment.js';
