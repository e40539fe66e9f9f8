// Joins what tsc wrote for nestjs-pi into few files: Node takes longer to find a hundred modules than to run them.
// `node scripts/bundle.mjs [--watch]`, after `tsc -b`. Packages stay outside, and what is imported on demand stays in files of its own.
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, context } from 'esbuild';

const library = join(dirname(fileURLToPath(import.meta.url)), '../libs/pi');
const { exports } = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8'));
/** `./dist/bundle/config/index.js` is made of `dist/config/index.js`. */
const entryPoints = Object.values(exports)
  .filter((entry) => typeof entry === 'object')
  .map((entry) => join(library, entry.default.replace('/bundle/', '/')));
const options = {
  entryPoints,
  outdir: join(library, 'dist/bundle'),
  outbase: join(library, 'dist'),
  bundle: true,
  splitting: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  keepNames: true, // classes are injection tokens and show in logs and errors
  sourcemap: true,
  logLevel: 'warning',
};
if (process.argv.includes('--watch')) {
  await (await context(options)).watch();
} else {
  rmSync(options.outdir, { recursive: true, force: true });
  await build(options);
}
