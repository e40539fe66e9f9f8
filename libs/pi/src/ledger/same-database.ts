import { randomUUID } from 'node:crypto';
import { PiConfigurationError } from '../errors/pi-configuration-error.js';
import type { TimedRunner } from './timed-query.js';
import type { PiQuery } from '../pi.ports.js';

/**
 * Makes sure that a transaction of the app's library sees the ledger's rows. On another database a delivery would commit
 * there while "delivered" is looked for here: every payment delivered again and again.
 */
export async function checkSameDatabase<Handle>(query: PiQuery, transactions: TimedRunner<Handle>): Promise<void> {
  const name = `same-database:${randomUUID()}`;
  await query(`insert into pi.leases (name, holder, token, expires_at) values ($1, '', 0, now())`, [name]);
  try {
    const seen = await transactions.run(async (inTransaction) => {
      const { rows: schema } = await inTransaction(
        `select 1 from pg_catalog.pg_tables where schemaname = 'pi' and tablename = 'leases'`,
      );
      return (
        schema.length > 0 && (await inTransaction('select 1 from pi.leases where name = $1', [name])).rows.length > 0
      );
    });
    if (!seen) throw otherDatabase();
  } finally {
    await query('delete from pi.leases where name = $1', [name]);
  }
}

function otherDatabase(): PiConfigurationError {
  return new PiConfigurationError([
    {
      problem:
        '`ledger.transactions` runs on another database than the ledger, so a delivery and its record could not commit together',
      fix: "give `ledger.url` the address of the app's own database (the ledger keeps to its schema `pi`), or leave `transactions` out",
    },
  ]);
}
