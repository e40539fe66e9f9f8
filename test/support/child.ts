import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A script of ours as a process of its own, which says what happens in lines of JSON. */
export interface Child {
  readonly process: ChildProcess;
  readonly lines: readonly Record<string, unknown>[];
  /** How it ended: `'SIGKILL'`, or the exit code. */
  readonly ended: Promise<string | number>;
  /** What it wrote to stderr. */
  readonly errors: () => string;
}

export function startChild(script: string, argument: unknown): Child {
  const child = spawn(process.execPath, [script, JSON.stringify(argument)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: Record<string, unknown>[] = [];
  let errors = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{')) lines.push(JSON.parse(line) as Record<string, unknown>);
    else if (process.env['TEST_LOG']) console.log(line);
  });
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
  const ended = new Promise<string | number>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? code ?? -1));
  });
  return { process: child, lines, ended, errors: () => errors };
}
