import type { LedgerMigration } from './ledger-migration.js';

export const leases: LedgerMigration = {
  name: '0001-leases',
  sql: `
create table pi.leases (
  name text primary key,
  holder text not null,
  token bigint not null,
  expires_at timestamptz not null
);`,
};
