export * from './a2u.service.js';
export * from './payout-errors.js';
export type * from './payout.js';
