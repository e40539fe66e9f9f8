import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { eventually } from './eventually.js';

const EXECUTABLE = process.env['PGBOUNCER_PATH'] ?? '/usr/sbin/pgbouncer';

/** A real PgBouncer in front of the database of `url`. */
export async function startPgbouncer(
  databaseUrl: string,
  poolMode: 'transaction' | 'session',
): Promise<{ url: string; stop(): Promise<void> }> {
  const { hostname, port, username, password } = new URL(databaseUrl);
  const folder = await mkdtemp(join(tmpdir(), 'pi-pgbouncer-'));
  await chmod(folder, 0o755);
  const config = join(folder, 'pgbouncer.ini');
  const listenPort = await freePort();
  await writeFile(
    config,
    `[databases]
* = host=${hostname} port=${port} user=${username} password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listenPort}
unix_socket_dir =
auth_type = any
pool_mode = ${poolMode}
default_pool_size = 5
`,
  );
  // It refuses to run as root.
  const asUser = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const bouncer = spawn(EXECUTABLE, [...asUser, config], { stdio: 'ignore' });
  const ended = once(bouncer, 'exit');
  const url = Object.assign(new URL(databaseUrl), { port: String(listenPort) }).toString();
  const stop = async () => {
    bouncer.kill('SIGTERM');
    const force = setTimeout(() => bouncer.kill('SIGKILL'), 2_000);
    await ended;
    clearTimeout(force);
    await rm(folder, { recursive: true, force: true });
  };
  await eventually(() => answers(url)).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { url, stop };
}

/** A suite that needs PgBouncer. Where there is none, its name says that it did not run. */
export function describeWithPgbouncer(name: string, suite: () => void): void {
  if (existsSync(EXECUTABLE)) {
    describe(name, suite);
    return;
  }
  console.warn(
    `NOT RUN: ${name}: no PgBouncer at ${EXECUTABLE}. Install it (apt-get install pgbouncer), or set PGBOUNCER_PATH.`,
  );
  // oxlint-disable-next-line jest/no-disabled-tests
  describe.skip(`${name} [NOT RUN: no PgBouncer at ${EXECUTABLE}]`, suite);
}

async function answers(url: string): Promise<true> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('select 1');
  await client.end();
  return true;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => void server.close(resolve));
  return port;
}
