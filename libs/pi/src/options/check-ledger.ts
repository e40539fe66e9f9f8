import { kindOf, shown } from './problems.js';
import type { Problems } from './problems.js';

/** Shape only: whether the database answers is found when the ledger opens. */
export function checkLedger(ledger: unknown, problems: Problems): void {
  if (ledger === undefined) return;
  if (typeof ledger !== 'object' || ledger === null) {
    problems.add(`\`ledger\` is ${kindOf(ledger)}.`, "Use { url: 'postgres://…' }, { pool } or { directory }.");
    return;
  }
  const { url, pool, directory, migrations, transactions } = ledger as Record<string, unknown>;
  const given = Object.entries({ url, pool, directory }).filter(([, value]) => value !== undefined && value !== '');
  if (given.length !== 1) {
    problems.add(
      given.length === 0
        ? '`ledger` names no database.'
        : `\`ledger\` names ${given.map(([name]) => `\`${name}\``).join(' and ')}.`,
      'Give exactly one of url (PostgreSQL), pool (the pg.Pool of the app) and directory (embedded PGlite).',
    );
  }
  // The URL may hold a password: it is never shown.
  if (url !== undefined && url !== '' && !(typeof url === 'string' && isPostgresUrl(url))) {
    problems.add('`ledger.url` is no PostgreSQL URL.', 'Use postgres://user:password@host:5432/database.');
  }
  if (pool !== undefined && !hasMethods(pool, 'connect', 'end')) {
    problems.add(
      '`ledger.pool` is no pg.Pool.',
      'Pass new Pool({ … }) of the package pg, or anything with connect() and end().',
    );
  }
  if (directory !== undefined && typeof directory !== 'string') {
    problems.add(`\`ledger.directory\` is ${shown(directory)}.`, 'Use the path of a folder of its own.');
  }
  if (migrations !== undefined && migrations !== 'boot' && migrations !== 'manual') {
    problems.add(`\`ledger.migrations\` is ${shown(migrations)}.`, "Use 'boot' or 'manual'.");
  }
  if (transactions !== undefined && !hasMethods(transactions, 'run')) {
    problems.add(
      '`ledger.transactions` cannot run a transaction.',
      'Pass { run: (work) => … }; docs/ledger.md has one for each ORM.',
    );
  }
}

export function hasMethods(value: unknown, ...names: string[]): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
  );
}

function isPostgresUrl(url: string): boolean {
  return URL.canParse(url) && /^postgres(ql)?:$/.test(new URL(url).protocol);
}
