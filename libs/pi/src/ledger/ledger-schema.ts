import type { AdClaimsTable } from './tables/ad-claims.table.js';
import type { LeasesTable } from './tables/leases.table.js';
import type { PaymentsTable } from './tables/payments.table.js';
import type {
  PayoutAttemptsTable,
  PayoutEventsTable,
  PayoutInstancesTable,
  PayoutsTable,
} from './tables/payouts.table.js';

/** Every table of the schema `pi`, one file each in `tables/`, created by `migrations/`. */
export interface LedgerSchema {
  ad_claims: AdClaimsTable;
  leases: LeasesTable;
  payments: PaymentsTable;
  payout_attempts: PayoutAttemptsTable;
  payout_events: PayoutEventsTable;
  payout_instances: PayoutInstancesTable;
  payouts: PayoutsTable;
}
