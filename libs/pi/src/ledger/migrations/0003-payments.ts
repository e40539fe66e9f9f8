import type { LedgerMigration } from './ledger-migration.js';

/** `json` and not `jsonb` for the browser's metadata: it may hold `\u0000`, which `jsonb` refuses. */
export const payments: LedgerMigration = {
  name: '0003-payments',
  sql: `
create table pi.payments (
  app text not null default '',
  id text not null,
  uid text not null,
  stroops bigint not null check (stroops >= 0),
  memo text not null,
  metadata json not null,
  network text not null check (network in ('mainnet', 'testnet')),
  from_address text not null,
  to_address text not null,
  created_at timestamptz not null,
  seen_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  state text not null default 'seen' check (state in ('seen', 'approving', 'approved', 'completing', 'completed',
    'delivered', 'cancelled', 'refused', 'needs_review')),
  txid text unique check (txid ~ '^[0-9a-f]{64}$'),
  due_at timestamptz,
  attempts integer not null default 0,
  trouble text,
  incomplete_at timestamptz,
  cancel_asked_at timestamptz,
  told_at timestamptz,
  refusal text,
  review_reason text,
  resolution text check (resolution in ('deliver', 'dismiss')),
  resolved_by text,
  resolved_at timestamptz,
  client_error text,
  primary key (app, id),
  check (txid is not null or state not in ('completing', 'completed', 'delivered'))
);
create index payments_due on pi.payments (app, due_at) where due_at is not null;
create index payments_newest on pi.payments (app, seen_at desc, id desc);
create index payments_state on pi.payments (app, state, seen_at desc, id desc);
create index payments_uid on pi.payments (app, uid, seen_at desc, id desc);`,
};
