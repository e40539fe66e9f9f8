import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canResolve, describeIfInstalled, startServer } from './broker.js';
import type { RunningBroker } from './broker.js';
import { freePort } from './free-port.js';

/** Where Debian puts it: not on everyone's PATH. */
const EXECUTABLE = '/usr/sbin/mosquitto';

export const describeWithMosquitto = describeIfInstalled({
  'apt-get install mosquitto': existsSync(EXECUTABLE),
  'npm i -D mqtt': canResolve('mqtt'),
});

/** An MQTT broker of its own on a free port of this machine, with nothing written to disk. It speaks MQTT 3 and 5. */
export async function startMosquitto(): Promise<RunningBroker> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'pi-mosquitto-'));
  const config = join(folder, 'mosquitto.conf');
  await writeFile(config, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_dest stderr\n`);
  try {
    // It reads the file before it says so, and never again.
    const { stop } = await startServer(EXECUTABLE, ['-c', config], { ready: ' running' });
    return { url: `mqtt://127.0.0.1:${port}`, stop };
  } finally {
    await rm(folder, { recursive: true });
  }
}
