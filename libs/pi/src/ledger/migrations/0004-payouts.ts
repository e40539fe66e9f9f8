import type { LedgerMigration } from './ledger-migration.js';

export const payouts: LedgerMigration = {
  name: '0004-payouts',
  sql: `
create table pi.payouts (
  id uuid primary key,
  position bigint generated always as identity unique,
  app text not null default '',
  idempotency_key text not null,
  wallet text not null,
  uid text not null,
  stroops bigint not null check (stroops > 0),
  memo text not null,
  metadata text,
  state text not null default 'requested' check (state in (
    'requested', 'created', 'signed', 'submitted', 'paid', 'completed', 'cancelling', 'cancelled', 'failed', 'needs_review'
  )),
  identifier text unique,
  destination text,
  created_at_pi bigint,
  baseline bigint,
  create_sent boolean not null default false,
  admitted_at timestamptz,
  attempts integer not null default 0,
  txid text,
  cancel_wanted text,
  reason text,
  review text,
  parked text,
  tries integer not null default 0,
  next_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (app, idempotency_key),
  check (identifier is not null or state in ('requested', 'cancelled', 'failed')),
  check (attempts = 0 or identifier is not null)
);
-- What a lane looks for. However many payouts are settled, none of them is in these two.
create index payouts_waiting on pi.payouts (app, wallet, position) where state = 'requested';
create index payouts_in_flight on pi.payouts (app, wallet, position)
  where state in ('created', 'signed', 'submitted', 'paid', 'cancelling', 'needs_review');
create index payouts_by_state on pi.payouts (app, state, position);
create index payouts_by_uid on pi.payouts (app, uid, position);
create index payouts_admitted on pi.payouts (app, wallet, admitted_at) include (uid, stroops, state);

-- Signed transactions, each committed before it was sent.
create table pi.payout_attempts (
  payout_id uuid not null references pi.payouts (id),
  number integer not null check (number > 0),
  wallet text not null,
  sequence bigint not null,
  max_time bigint not null,
  fee bigint not null,
  hash text not null unique,
  envelope text not null,
  ledger integer not null,
  ledger_hash text not null,
  lease_token bigint not null,
  created_at timestamptz not null default now(),
  primary key (payout_id, number)
);

-- What happened to a payout, and who decided what: the audit.
create table pi.payout_events (
  id bigint generated always as identity primary key,
  payout_id uuid not null references pi.payouts (id),
  kind text not null,
  attempt integer,
  detail text,
  by text,
  at timestamptz not null default now()
);
create index payout_events_of on pi.payout_events (payout_id, id);

create function pi.append_only() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name;
end $$;
create trigger payout_attempts_append_only before update or delete on pi.payout_attempts
  for each row execute function pi.append_only();
create trigger payout_events_append_only before update or delete on pi.payout_events
  for each row execute function pi.append_only();

-- Whose keys these are: two databases that pay for one app at Pi must not take each other's payments for their own.
create table pi.payout_instances (
  app text primary key,
  instance text not null
);`,
};
