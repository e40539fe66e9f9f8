import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.js';

const MAIN = join(process.cwd(), 'dist', 'main.js');

/** The built shop, as `npm run start:prod` runs it. */
export interface ShopProcess {
  readonly process: ChildProcess;
  /** Everything it printed so far. */
  readonly output: () => string;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

const started: ChildProcess[] = [];

/**
 * Runs the built shop with nothing of this process's environment that concerns it.
 * @param directory where it is started
 */
export function runShop(env: Record<string, string>, directory = tmpdir()): ShopProcess {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: run "npm run build" first; "npm test" does.`);
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, ['--enable-source-maps', MAIN], {
    // Elsewhere than here, where a developer's .env would be read.
    cwd: directory,
    env: { PATH, HOME, NO_COLOR: '1', ...env },
  });
  started.push(child);
  let output = '';
  const collect = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const ended = new Promise<number | NodeJS.Signals | null>((done) => {
    child.once('exit', (code, signal) => done(code ?? signal));
  });
  return { process: child, output: () => output, ended };
}

/** Waits until the shop says that it is there: seconds on a machine with nothing else to do, which this one is not. */
export async function whenReady(shop: ShopProcess, withinMs = 60_000): Promise<void> {
  await eventually(() => shop.output().includes('Ctrl-C ends it all') || shop.process.exitCode !== null, { withinMs });
  if (shop.process.exitCode !== null) throw new Error(`The shop ended:\n${shop.output()}`);
}

/** For afterEach: ends what a failed test left running. */
export function endShops(): void {
  for (const child of started.splice(0)) child.kill('SIGKILL');
}

/** A port nobody listens on right now. */
export function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => done(port));
    });
  });
}
