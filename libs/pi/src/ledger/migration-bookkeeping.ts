import type { LedgerMigration } from './migrations/ledger-migration.js';

/** Key of the advisory lock: `pi-ledge` in ASCII. */
export const MIGRATION_LOCK = '8101839543612860261';
export const MIGRATION_TABLE = 'migrations';
/** Kysely wants it; ours is the advisory lock. */
export const MIGRATION_LOCK_TABLE = 'migrations_lock';

/**
 * Everything a migration at boot would do, as one script for `psql`, with the bookkeeping a later boot reads. What the
 * database already has is left out when it runs: the same script serves a new database and an upgrade.
 */
export function migrationScript(migrations: readonly LedgerMigration[]): string {
  return `-- Schema of the ledger of nestjs-pi. Safe to run again: it adds what is missing.
begin;
select pg_advisory_xact_lock(${MIGRATION_LOCK});
create schema if not exists pi;
create table if not exists pi.${MIGRATION_TABLE} (name varchar(255) not null primary key, "timestamp" varchar(255) not null);
create table if not exists pi.${MIGRATION_LOCK_TABLE} (id varchar(255) not null primary key, is_locked integer not null default 0);
insert into pi.${MIGRATION_LOCK_TABLE} (id, is_locked) values ('migration_lock', 0) on conflict do nothing;
${migrations.map(guarded).join('\n')}
commit;
`;
}

function guarded({ name, sql }: LedgerMigration): string {
  return `
do $pi_migration$
begin
  if exists (select from pi.${MIGRATION_TABLE} where name = '${name}') then return; end if;
${sql.trim().replaceAll(/^(?=.)/gm, '  ')}
  insert into pi.${MIGRATION_TABLE} (name, "timestamp")
    values ('${name}', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'));
end
$pi_migration$;`;
}
