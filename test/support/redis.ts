import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';

/** Where there is no `redis-server`, the tests that need one say so by name and are counted as skipped. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
if (!hasRedis) {
  console.warn(
    'redis-server is not installed: the tests against a real Redis DO NOT RUN. apt-get install redis-server',
  );
}
export const describeWithRedis = hasRedis ? describe : describe.skip;

export interface RunningRedis {
  readonly url: string;
  /** Keeps its connections, and answers nothing more. */
  hang(): void;
  stop(): Promise<void>;
}

/** A Redis of its own on a free port of this machine, with nothing written to disk. */
export async function startRedis(port?: number): Promise<RunningRedis & { port: number }> {
  const chosen = port ?? (await freePort());
  const dir = mkdtempSync(join(tmpdir(), 'pi-redis-'));
  const server = spawn(
    'redis-server',
    ['--port', String(chosen), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const ended = once(server, 'exit').then(() => rmSync(dir, { recursive: true, force: true }));
  await new Promise<void>((ready, failed) => {
    let said = '';
    server.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('Ready to accept connections')) ready();
    });
    server.once('exit', (code) => failed(new Error(`redis-server ended with ${code}: ${said}`)));
  });
  return {
    port: chosen,
    url: `redis://127.0.0.1:${chosen}`,
    hang: () => void server.kill('SIGSTOP'),
    stop: async () => {
      server.kill('SIGKILL');
      await ended;
    },
  };
}
