import type { LedgerMigration } from './ledger-migration.js';

/** A cancelled payment has two duties to come, telling the app and a look at the chain: the look has a time of its own. */
export const lookAfterCancellation: LedgerMigration = {
  name: '0005-look-after-cancellation',
  sql: `
alter table pi.payments add column look_at timestamptz;
update pi.payments set look_at = now() + interval '2 minutes' where state = 'cancelled' and due_at is not null;`,
};
