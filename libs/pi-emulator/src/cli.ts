import { readFileSync } from 'node:fs';
import { banner } from './cli/banner.js';
import { CliUsageError, readCommandLine, USAGE } from './cli/cli-options.js';
import { EmulatorOptionsError, type PiEmulatorOptions } from './emulator.options.js';

try {
  await run();
} catch (error) {
  const isUsage = error instanceof CliUsageError || error instanceof EmulatorOptionsError;
  console.error(`pi-emulator: ${(error as Error).message}${isUsage ? '\n\nSee pi-emulator --help.' : ''}`);
  process.exitCode = isUsage ? 2 : 1;
}

async function run(): Promise<void> {
  const request = readCommandLine(process.argv.slice(2), process.env);
  switch (request.action) {
    case 'help':
      return console.log(USAGE);
    case 'version':
      return console.log(version());
    case 'start':
      return start(request.options);
  }
}

async function start(options: PiEmulatorOptions): Promise<void> {
  // Loaded late: --help need not wait for fastify and stellar-base.
  const { PiEmulator } = await import('./emulator.js');
  const emulator = await PiEmulator.start(options);
  // The second signal finds no listener, and so ends the process at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void emulator.stop());
  console.log(banner(emulator, version()));
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}
