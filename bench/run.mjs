// `npm run bench [-- NAME… --quick]`: each benchmark in a process of its own, one after the other.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const known = readdirSync(here).filter((name) => existsSync(join(here, name, 'bench.mjs')));
const flags = process.argv.slice(2).filter((word) => word.startsWith('--'));
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const unknown = [...wanted.filter((name) => !known.includes(name)), ...flags.filter((flag) => flag !== '--quick')];
if (unknown.length > 0) {
  console.error(`bench: unknown: ${unknown.join(' ')}. Known: ${known.join(' ')} --quick`);
  process.exit(2);
}
let failed = 0;
for (const name of wanted.length > 0 ? wanted : known) {
  const { status } = spawnSync(process.execPath, [join(here, name, 'bench.mjs'), ...flags], { stdio: 'inherit' });
  if (status !== 0) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);
