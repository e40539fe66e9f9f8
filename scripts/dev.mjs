// Rebuilds libraries and app on change, and restarts the app: `nest start --watch` misses changes inside a library.
import { spawn } from 'node:child_process';

const children = [
  spawn('tsc', ['-b', '--watch', '--preserveWatchOutput', 'tsconfig.build.json'], { stdio: 'inherit' }),
  spawn(process.execPath, ['--watch', '--enable-source-maps', 'dist/main.js'], { stdio: 'inherit' }),
];
const stop = () => children.forEach((child) => child.kill());
process.on('SIGINT', stop).on('SIGTERM', stop);
for (const child of children) child.on('exit', stop);
