import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

jest.setTimeout(600_000);

const run = promisify(execFile);

describe('npm run chaos -- --u2a', () => {
  it('kills instances at random, with faults at Pi and its chain: everything paid is delivered exactly once', async () => {
    if (!existsSync('libs/pi/dist/index.js')) throw new Error('Build first: npm run build:libs');
    const order = ['--u2a', '--kills', '6', '--workers', '3', '--payments', '16', '--seed', '20'];
    const { stdout } = await run(process.execPath, ['test/chaos/run.mjs', ...order]);
    expect(stdout.trim().split('\n').at(-1)).toBe(
      'kills 6 · payments 16 · completed 16 · delivered 16 · twice 0 · unpaid 0',
    );
  });
});
