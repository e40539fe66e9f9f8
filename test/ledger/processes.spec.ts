import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createPglite, createPostgres } from '../support/database.js';

// Whole processes run the built package (`npm test` builds it first): Jest would hide what loads when.
const DIST = resolve('libs/pi/dist');
const program = (name: string) => resolve('test/ledger/programs', name);

beforeAll(() => {
  if (!existsSync(join(DIST, 'index.js'))) throw new Error('libs/pi/dist is missing: run `npm run build:libs` first');
});

describe('Two processes on one folder', () => {
  const children: ChildProcess[] = [];
  let database: Awaited<ReturnType<typeof createPglite>>;
  beforeEach(async () => {
    database = await createPglite();
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await database.drop();
  });

  const start = async () => {
    const child = fork(program('hold-folder.mjs'), [database.directory], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    children.push(child);
    const [said] = (await once(child, 'message')) as [string];
    return { child, said };
  };

  it('the second is refused, told who has it and what to do', async () => {
    const first = await start();
    expect(first.said).toBe('open');
    const second = await start();
    expect(second.said).toMatch(new RegExp(`is open in process ${first.child.pid}.*ledger\\.url`, 's'));
  }, 60_000);

  it('the next one opens at once after a SIGKILL, and after a clean end, which leaves nothing running', async () => {
    const first = await start();
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');

    const began = Date.now();
    const second = await start();
    expect(second.said).toBe('open');
    expect(Date.now() - began).toBeLessThan(10_000);

    second.child.send('stop');
    expect(await once(second.child, 'exit')).toEqual([0, null]);
    expect((await start()).said).toBe('open');
  }, 60_000);

  it('killed while it makes the database, it leaves none, and the next one makes it', async () => {
    await database.drop();
    database = await createPglite({ fresh: true });
    const child = fork(program('hold-folder.mjs'), [database.directory], { stdio: 'ignore' });
    children.push(child);
    while (!existsSync(join(database.directory, 'postgres.new', 'PG_VERSION'))) await new Promise(setImmediate);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(existsSync(join(database.directory, 'postgres'))).toBe(false);
    expect((await start()).said).toBe('open');
  }, 60_000);
});

it('The import reads few files, and nothing of the ledger before an option asks for it', async () => {
  const database = await createPostgres();
  const { stderr } = spawnSync(process.execPath, [program('loaded-packages.mjs'), database.url], { encoding: 'utf8' });
  await database.drop();
  const [before = '', after = ''] = stderr.split('constructed');
  const loaded = before.trim().split('\n');
  expect(loaded.filter((line) => line !== 'file of ours')).toEqual(['imported']);
  expect(loaded.length).toBeLessThan(40);
  expect(after).toContain('opened');
  expect(after).toContain('loaded kysely');
  expect(after).toContain('loaded pg');
  expect(after).not.toContain('pglite');
  expect(after).not.toContain('stellar');
}, 30_000);

it('Neither Kysely nor pg is in a published type', () => {
  const entries = Object.values(
    (JSON.parse(readFileSync('libs/pi/package.json', 'utf8')) as { exports: Record<string, { types?: string }> })
      .exports,
  ).flatMap(({ types }) => (types ? [resolve('libs/pi', types)] : []));
  const files = new Set(entries);
  const foreign: string[] = [];
  for (const file of files) {
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*['"]([^'"]+)['"]/g)) {
      if (name.startsWith('.')) files.add(resolve(dirname(file), name.replace(/\.js$/, '.d.ts')));
      else if (/^(kysely|pg|@electric-sql\/)/.test(name)) foreign.push(`${file} imports ${name}`);
    }
  }
  expect(files.size).toBeGreaterThan(20);
  expect(foreign).toEqual([]);
});
