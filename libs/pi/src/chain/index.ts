export * from './pi-amount.js';
export * from './horizon-client.js';
export type * from './chain-answers.js';
export type * from './chain-transaction.js';
