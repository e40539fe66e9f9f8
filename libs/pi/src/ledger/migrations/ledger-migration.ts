/**
 * One step of the schema. Plain SQL, so that it can be printed, reviewed and run by hand; it creates its objects in the
 * schema `pi` by their full names, has no parameters and, once released, never changes.
 */
export interface LedgerMigration {
  /** `NNNN-what-it-adds`: migrations run in the order of their names. */
  readonly name: string;
  /** Statements, each ended by `;`. */
  readonly sql: string;
}
