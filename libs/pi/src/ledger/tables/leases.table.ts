import type { ColumnType } from 'kysely';

/** Who may do what only one process at a time should do: a wallet's lane, the reconciler. */
export interface LeasesTable {
  name: string;
  /** Instance that holds it, for people. */
  holder: string;
  /** Fencing token: grows by one with every new holder and never repeats. */
  token: ColumnType<string, string, string>;
  /** By the database's clock. In the past: free. */
  expires_at: Date;
}
