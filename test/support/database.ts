import { randomBytes } from 'node:crypto';
import { cpSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** A database of a spec's own. Close everything that uses it before `drop`. */
export interface TestDatabase {
  /** For the option `ledger`. */
  readonly ledger: { url: string } | { directory: string };
  drop(): Promise<void>;
}

/** A new, empty database on the PostgreSQL that `global-setup` started. */
export async function createPostgres(): Promise<TestDatabase & { readonly url: string }> {
  const server = process.env['TEST_DATABASE_URL'];
  if (!server) throw new Error('TEST_DATABASE_URL is not set: test/global-setup.mjs sets it, is this run by Jest?');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await run(server, `create database ${name}`);
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).toString();
  return { url, ledger: { url }, drop: () => run(server, `drop database ${name} with (force)`) };
}

/**
 * A folder for an embedded PGlite: empty of rows, but made already, which takes seconds otherwise.
 *
 * @param fresh an empty folder, to test the making.
 */
export async function createPglite({ fresh = false } = {}): Promise<TestDatabase & { readonly directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'pi-pglite-'));
  if (!fresh) {
    const template = process.env['TEST_PGLITE_TEMPLATE'];
    if (!template)
      throw new Error('TEST_PGLITE_TEMPLATE is not set: test/global-setup.mjs sets it, is this run by Jest?');
    cpSync(template, join(directory, 'postgres'), { recursive: true });
    await writeFile(join(directory, 'closed'), '');
  }
  return { directory, ledger: { directory }, drop: () => rm(directory, { recursive: true, force: true }) };
}

/**
 * Both databases a ledger runs on, for `describe.each`.
 *
 * @example
 * describe.each(databases)('Payouts on $name', ({ create }) => {
 *   let database: TestDatabase;
 *   beforeAll(async () => (database = await create()));
 *   afterAll(() => database.drop());
 * });
 */
export const databases: readonly { name: string; create: () => Promise<TestDatabase> }[] = [
  { name: 'PostgreSQL', create: createPostgres },
  { name: 'PGlite', create: () => createPglite() },
];

/** Statements beside the ledger, on a connection that is closed again. */
export async function run(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
