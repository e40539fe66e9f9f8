// Rebuilds libraries, app and pages on change, and restarts the app: `nest start --watch` misses changes inside a library.
import { spawn } from 'node:child_process';

const libraries = ['libs/pi/tsconfig.build.json', 'libs/pi-emulator/tsconfig.build.json'];
const children = [
  spawn('tsc', ['-b', '--watch', '--preserveWatchOutput', ...libraries], { stdio: 'inherit' }),
  spawn(process.execPath, ['scripts/bundle.mjs', '--watch'], { stdio: 'inherit' }),
  spawn('nest', ['build', '--watch', '--watchAssets'], { stdio: 'inherit' }),
  spawn(process.execPath, ['--watch', '--enable-source-maps', 'dist/main.js'], { stdio: 'inherit' }),
];
const stop = () => children.forEach((child) => child.kill());
process.on('SIGINT', stop).on('SIGTERM', stop);
for (const child of children) child.on('exit', stop);
