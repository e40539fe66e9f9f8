import { leases } from './0001-leases.js';
import { adClaims } from './0002-ad-claims.js';
import { payments } from './0003-payments.js';
import { payouts } from './0004-payouts.js';
import { lookAfterCancellation } from './0005-look-after-cancellation.js';
import type { LedgerMigration } from './ledger-migration.js';

/** In order. Append only. */
export const migrations: readonly LedgerMigration[] = [leases, adClaims, payments, payouts, lookAfterCancellation];
