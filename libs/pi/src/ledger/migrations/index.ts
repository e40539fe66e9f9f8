import { leases } from './0001-leases.js';
import { adClaims } from './0002-ad-claims.js';
import type { LedgerMigration } from './ledger-migration.js';

/** In order. Append only. */
export const migrations: readonly LedgerMigration[] = [leases, adClaims];
