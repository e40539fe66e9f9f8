import type { AdClaimsTable } from './tables/ad-claims.table.js';
import type { LeasesTable } from './tables/leases.table.js';
import type { PaymentsTable } from './tables/payments.table.js';

/** Every table of the schema `pi`, one file each in `tables/`, created by `migrations/`. */
export interface LedgerSchema {
  ad_claims: AdClaimsTable;
  leases: LeasesTable;
  payments: PaymentsTable;
}
