import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface RunningBroker {
  readonly url: string;
  stop(): Promise<void>;
}

/** A suite that needs what these commands install. Where something is missing, its name says that it did not run. */
export function describeIfInstalled(installed: Record<string, boolean>): (name: string, suite: () => void) => void {
  const missing = Object.keys(installed).filter((command) => !installed[command]);
  if (missing.length === 0) return describe;
  return (name, suite) => {
    console.warn(`NOT RUN: ${name}. It needs: ${missing.join('; ')}`);
    // oxlint-disable-next-line jest/no-disabled-tests
    describe.skip(`${name} [NOT RUN: ${missing.join('; ')}]`, suite);
  };
}

export function canResolve(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** For a machine that is busy with other things. A hook that starts one needs more. */
export const START_MS = 150_000;

/** A server of another make, once it has said that it is ready. */
export async function startServer(
  command: string,
  args: readonly string[],
  { ready, env = process.env }: { ready: string; env?: NodeJS.ProcessEnv },
): Promise<{ said: string; stop: () => Promise<void> }> {
  const server = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  const ended = once(server, 'close');
  const kill = () => server.kill('SIGKILL');
  const tooLate = setTimeout(kill, START_MS);
  let said = '';
  await new Promise<void>((done, failed) => {
    const listen = (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes(ready)) done();
    };
    server.stdout.on('data', listen);
    server.stderr.on('data', listen);
    ended.then(
      ([code]) => failed(new Error(`${command} ended with ${code}: ${said}`)),
      (error: Error) => failed(error),
    );
  }).finally(() => clearTimeout(tooLate));
  const stop = async () => {
    kill();
    await ended;
  };
  return { said, stop };
}
