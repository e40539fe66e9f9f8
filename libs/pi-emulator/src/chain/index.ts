export { Chain, type ResetOptions, type WaitOptions } from './chain.js';
export type { ChainState } from './chain-state.js';
export { ChainView, type TransactionQuery } from './chain-view.js';
export * from './chain.types.js';
export { payment, type PaymentOptions } from './payment.js';
export { Adversary, type HideRule, type ReadRule, type SubmitRule } from './adversary/adversary.js';
export type { BumpSequence, Dust, ForeignTransaction, LookAlike, UseSequence } from './adversary/foreign.js';
export type { ReplicaRule } from './adversary/replicas.js';
export type { RequestMatch } from './adversary/rules.js';
