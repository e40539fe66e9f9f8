import { spawnSync } from 'node:child_process';
import { canResolve, describeIfInstalled, startServer } from './broker.js';
import type { RunningBroker } from './broker.js';
import { freePort } from './free-port.js';

export const describeWithNats = describeIfInstalled({
  'apt-get install nats-server': spawnSync('nats-server', ['--version']).status === 0,
  'npm i -D @nats-io/transport-node': canResolve('@nats-io/transport-node'),
});

/** A NATS server of its own on a free port of this machine. */
export async function startNats(): Promise<RunningBroker> {
  const port = await freePort();
  const { stop } = await startServer('nats-server', ['--addr', '127.0.0.1', '--port', String(port)], {
    ready: 'Server is ready',
  });
  return { url: `nats://127.0.0.1:${port}`, stop };
}
