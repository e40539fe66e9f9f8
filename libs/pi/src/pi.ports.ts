/**
 * What an app may hand in: stores, pools, transactions and signers of its own. Each is the smallest shape the library
 * needs, so that neither Keyv, pg nor a KMS client is in a published type.
 */

/**
 * A store shared by several instances, for verified tokens. Every Keyv is one, so Redis is `new Keyv(new KeyvRedis(url))`.
 *
 * Keys are hashes; values are text (JSON) without secrets.
 */
export interface PiTokenStore {
  get(key: string): Promise<unknown>;
  /** @param ttlMs milliseconds until the store may drop the value. */
  set(key: string, value: unknown, ttlMs: number): Promise<unknown>;
  delete(key: string): Promise<unknown>;
  /** Many in one call, in the order of their keys, undefined where there is none. Without it, each is asked for by `get`. */
  getMany?(keys: string[]): Promise<readonly unknown[]>;
}

/** One parameterised statement (`$1`, `$2`…), run inside a transaction. */
export type PiQuery = <Row = Record<string, unknown>>(
  text: string,
  values?: readonly unknown[],
) => Promise<{ rows: Row[] }>;

/**
 * Runs work inside a transaction of the app's own library (TypeORM, Prisma…), so that deliveries commit with the app's
 * rows. `run` commits when `work` resolves and rolls back when it rejects.
 */
export interface PiTransactionRunner<Handle> {
  run<T>(work: (query: PiQuery, handle: Handle) => Promise<T>): Promise<T>;
}

/** What the library needs of a client of `pg.Pool`. */
export interface PiPoolClient {
  // `any`: rows and values are whatever the statement says, exactly as in pg's own types.
  // oxlint-disable-next-line typescript/no-explicit-any
  query(text: string, values?: any[]): Promise<{ rows: any[] }>;
  release(error?: unknown): void;
}

/** What the library needs of `pg.Pool`. The app that hands in a pool also ends it. */
export interface PiPool {
  connect(): Promise<PiPoolClient>;
  end(): Promise<void>;
}

/** Signs payouts of one wallet. A seed by default; a KMS or an HSM can stand behind it. */
export interface PiSigner {
  /** `G…`, 56 characters. */
  readonly publicKey: string;
  /** @returns the 64 bytes of the Ed25519 signature over the 32 bytes of the hash. */
  sign(transactionHash: Uint8Array): Promise<Uint8Array>;
}
