import type { PiTransactionRunner } from '../pi.ports.js';

/** What is needed of TypeORM's `EntityManager`, so that TypeORM is no dependency. */
export interface TypeOrmManager {
  readonly queryRunner?: {
    query(text: string, values: unknown[], structured: true): Promise<{ records: unknown[] }>;
  };
}

/** What is needed of TypeORM's `DataSource`, on PostgreSQL. */
export interface TypeOrmDataSource<Manager extends TypeOrmManager> {
  readonly manager: Manager;
  transaction<T>(work: (manager: Manager) => Promise<T>): Promise<T>;
}

/**
 * For `ledger.transactions`: deliveries run in a TypeORM transaction, and `tx.handle` is its `EntityManager`. The data source
 * has to be on the ledger's own database.
 *
 * @example
 * useFactory: (dataSource: DataSource) => ({ …, ledger: { url, transactions: typeormTransactions(dataSource) } })
 */
export function typeormTransactions<Manager extends TypeOrmManager>(
  dataSource: TypeOrmDataSource<Manager>,
): PiTransactionRunner<Manager> {
  return {
    run: (work) =>
      dataSource.transaction((manager) =>
        work(async <Row>(text: string, values: readonly unknown[] = []) => {
          const { queryRunner } = manager;
          if (!queryRunner) throw new Error('TypeORM gave a transaction without a query runner');
          // The structured form: `manager.query` answers an UPDATE with [rows, count] instead of rows.
          const { records } = await queryRunner.query(text, [...values], true);
          return { rows: records as Row[] };
        }, manager),
      ),
  };
}
