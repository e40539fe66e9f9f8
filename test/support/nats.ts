import { spawn, spawnSync } from 'node:child_process';
import { freePort } from './free-port.js';

/** Where something is missing for it, the tests over a real NATS say so and are counted as skipped. */
const missing = [
  ...(spawnSync('nats-server', ['--version']).status === 0 ? [] : ['nats-server: apt-get install nats-server']),
  ...(canResolve('@nats-io/transport-node') ? [] : ['@nats-io/transport-node: npm i -D @nats-io/transport-node']),
];
if (missing.length > 0) console.warn(`The tests over a real NATS DO NOT RUN. Not installed: ${missing.join('; ')}`);
export const describeWithNats = missing.length === 0 ? describe : describe.skip;

function canResolve(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** A NATS server of its own on a free port of this machine. */
export async function startNats(): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await freePort();
  const server = spawn('nats-server', ['--addr', '127.0.0.1', '--port', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await new Promise<void>((ready, failed) => {
    let said = '';
    server.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('Server is ready')) ready();
    });
    server.once('exit', (code) => failed(new Error(`nats-server ended with ${code}: ${said}`)));
  });
  return {
    url: `nats://127.0.0.1:${port}`,
    stop: () =>
      new Promise((ended) => {
        server.once('exit', () => ended());
        server.kill('SIGKILL');
      }),
  };
}
