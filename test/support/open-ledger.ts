import { PiLedger } from 'nestjs-pi';
import type { TestDatabase } from './database.js';

/** An open ledger on a database of a spec's own. */
export interface TestLedger {
  readonly ledger: PiLedger;
  readonly database: TestDatabase;
  close(): Promise<void>;
}

/** @param create one of the makers of `database.ts` */
export async function openLedger(create: () => Promise<TestDatabase>): Promise<TestLedger> {
  const database = await create();
  const ledger = new PiLedger(database.ledger);
  await ledger.open();
  return {
    ledger,
    database,
    async close() {
      await ledger.onApplicationShutdown();
      await database.drop();
    },
  };
}
