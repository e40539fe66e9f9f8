import type { LedgerSession } from './ledger-session.js';

/**
 * The right to do what one process at a time should do. Time alone does not protect: a holder that was stopped for a while
 * wakes up believing it still holds. So every write under a lease is made in one transaction with {@link fence}.
 */
export interface Lease {
  readonly name: string;
  /** Grows with every new holder of this name. */
  readonly token: bigint;
}

/**
 * Takes a lease that is free or has expired, by the database's clock; `undefined` when somebody else holds it, or is at
 * this very moment writing under it.
 */
export async function acquireLease(
  { query }: LedgerSession,
  name: string,
  holder: string,
  ttlMs: number,
): Promise<Lease | undefined> {
  const taken = await query<{ token: string }>(
    `update pi.leases set holder = $2, token = token + 1, expires_at = ${after('$3')}
     where name = (
       select name from pi.leases where name = $1 and expires_at <= clock_timestamp() for update skip locked
     )
     returning token::text as token`,
    [name, holder, ttlMs],
  );
  const { rows } = taken.rows.length > 0 ? taken : await firstLease(query, name, holder, ttlMs);
  return rows[0] && { name, token: BigInt(rows[0].token) };
}

function firstLease(query: LedgerSession['query'], name: string, holder: string, ttlMs: number) {
  return query<{ token: string }>(
    `insert into pi.leases (name, holder, token, expires_at) values ($1, $2, 1, ${after('$3')})
     on conflict (name) do nothing returning token::text as token`,
    [name, holder, ttlMs],
  );
}

/** Keeps a lease for another `ttlMs`. False: it is somebody else's now. An expired one nobody took can be kept. */
export async function renewLease({ query }: LedgerSession, { name, token }: Lease, ttlMs: number): Promise<boolean> {
  const { rows } = await query(
    `update pi.leases set expires_at = ${after('$3')} where name = $1 and token = $2::bigint returning name`,
    [name, String(token), ttlMs],
  );
  return rows.length > 0;
}

/** Gives a lease back at once. Nothing happens when it is somebody else's by now. */
export async function releaseLease({ query }: LedgerSession, { name, token }: Lease): Promise<void> {
  await query(`update pi.leases set expires_at = clock_timestamp() where name = $1 and token = $2::bigint`, [
    name,
    String(token),
  ]);
}

/**
 * True while the lease is still this holder's, and until the transaction ends nobody can take it over: the row is locked,
 * and {@link acquireLease} passes over locked rows. False: stop, and write nothing.
 */
export async function fence({ query }: LedgerSession, { name, token }: Lease): Promise<boolean> {
  const { rows } = await query(`select 1 from pi.leases where name = $1 and token = $2::bigint for share`, [
    name,
    String(token),
  ]);
  return rows.length > 0;
}

function after(milliseconds: string): string {
  return `clock_timestamp() + ${milliseconds}::double precision * interval '1 millisecond'`;
}
