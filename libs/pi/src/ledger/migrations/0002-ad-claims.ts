import type { LedgerMigration } from './ledger-migration.js';

export const adClaims: LedgerMigration = {
  name: '0002-ad-claims',
  sql: `
create table pi.ad_claims (
  app text not null default '',
  ad_id text not null,
  uid text not null,
  claimed_at timestamptz not null default now(),
  primary key (app, ad_id)
);
create index ad_claims_uid on pi.ad_claims (app, uid);`,
};
