import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { promisify } from 'node:util';

/** Tells one process from every other, also from a later one that was given the same pid. */
export interface ProcessIdentity {
  /** Where `pid` means something: machine, boot, and on Linux the pid namespace (container). */
  readonly place: string;
  readonly pid: number;
  /** When the process started, in whatever unit the system has; `''` where that cannot be found out. */
  readonly started: string;
}

export async function thisProcess(): Promise<ProcessIdentity> {
  const [boot, namespace, started] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
    startOf(process.pid),
  ]);
  return { place: `${hostname()} ${boot.trim()} ${namespace}`.trim(), pid: process.pid, started: started ?? '' };
}

/** Only for a process of this place. A process that cannot be looked up in full counts as running. */
export async function isRunning({ pid, started }: ProcessIdentity): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, as somebody else.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const start = await startOf(pid);
  return start === undefined || started === '' || start === started;
}

/** Start of a process, or undefined where the system does not tell. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    if (process.platform === 'linux') {
      // Field 22, in clock ticks since boot. The name in field 2 may hold spaces and brackets, so count from its end.
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    }
    if (process.platform === 'win32') return undefined;
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)]);
    return stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}
