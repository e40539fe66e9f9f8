// What `npm start` needs first, side by side: both libraries and, on a first start, the shop's empty database.
// Types are not checked here: `npm run build` and `npm test` do that, and it would take half of the time.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { makeDatabase } from './make-database.mjs';

// As the shop does, for where its data goes.
if (existsSync('.env')) process.loadEnvFile();

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

const [database, ...builds] = await Promise.allSettled([
  makeDatabase(process.env),
  build('libs/pi/tsconfig.build.json').then(() => import('./bundle.mjs')),
  build('libs/pi-emulator/tsconfig.build.json'),
]);
// The shop makes its database itself where that failed, and then says what is wrong.
if (database.status === 'rejected') console.warn(`prestart: ${database.reason?.message}`);
process.exitCode = builds.every(({ status }) => status === 'fulfilled') ? 0 : 1;

function build(project) {
  return new Promise((done, failed) => {
    const compiler = spawn(process.execPath, [tsc, '-b', '--noCheck', project], { stdio: 'inherit' });
    compiler.once('error', failed);
    compiler.once('exit', (code) => (code === 0 ? done() : failed(new Error(`${project} does not build`))));
  });
}
