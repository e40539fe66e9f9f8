import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

jest.setTimeout(600_000);

const run = promisify(execFile);

describe('npm run chaos', () => {
  it('kills paying instances at random, in bad weather: every payout is paid exactly once', async () => {
    if (!existsSync('libs/pi/dist/index.js')) throw new Error('Build first: npm run build:libs');
    const order = ['--kills', '8', '--workers', '3', '--payouts', '8', '--seed', '20'];
    const { stdout } = await run(process.execPath, ['test/chaos/run.mjs', ...order]);
    expect(stdout.trim().split('\n').at(-1)).toBe('kills 8 · payouts 8 · applied 8 · double 0 · lost 0');
  });
});
