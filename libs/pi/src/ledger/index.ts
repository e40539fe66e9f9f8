export { PiLedger } from './pi-ledger.js';
export type { PiTransaction } from './pi-transaction.js';
