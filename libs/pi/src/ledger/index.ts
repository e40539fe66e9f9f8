export type { PiTransaction } from './pi-transaction.js';
