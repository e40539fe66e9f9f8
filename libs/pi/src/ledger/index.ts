export { typeormTransactions, type TypeOrmDataSource, type TypeOrmManager } from './typeorm-transactions.js';
export { PiLedger } from './pi-ledger.js';
export type { PiTransaction } from './pi-transaction.js';
