import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PiConfigurationError } from '../errors/pi-configuration-error.js';
import { isRunning, thisProcess, type ProcessIdentity } from './process-identity.js';

/** Milliseconds. */
interface LockTimes {
  /** The owner touches its file this often, for processes that cannot see its pid. */
  readonly heartbeat: number;
  /** An owner elsewhere (another container or machine on the same volume) is gone when it was silent for this long. */
  readonly silence: number;
  /** How long a start waits for a predecessor that is just stopping. */
  readonly patience: number;
}

const TIMES: LockTimes = { heartbeat: 2_000, silence: 15_000, patience: 2_000 };

/** Nobody else has the folder until it is released. */
export interface FolderLock {
  release(): Promise<void>;
}

/**
 * Keeps a second process off a folder. Node has no lock of the system's that ends with the process, so: every owner puts
 * down a file of a name of its own and then looks for others. Of two at once at least one sees the other; a dead owner's
 * file is removed by its unique name, so nobody can ever remove a living one's. Dead is: no such pid, or a pid that
 * started at another time (after SIGKILL, or a reboot); for an owner in another container, whose pids mean nothing here,
 * a file not touched for 15 s.
 *
 * @param onLost somebody removed the file while this process was held up: it must not touch the folder any more.
 * @throws PiConfigurationError another process has the folder.
 */
export async function lockFolder(folder: string, onLost: () => void, times = TIMES): Promise<FolderLock> {
  const owners = join(folder, 'owners');
  await mkdir(owners, { recursive: true });
  const self = await thisProcess();
  const own = join(owners, `${randomUUID()}.json`);
  const started = Date.now();
  for (;;) {
    await publish(own, self);
    const other = await otherOwner(owners, own, self, times);
    if (!other) break;
    await rm(own, { force: true });
    const patience = other.place === self.place ? times.patience : times.silence + times.patience;
    if (Date.now() - started > patience) throw inUse(folder, other, self);
    await sleep(50 + Math.random() * 200);
  }
  const heartbeat = setInterval(() => {
    utimes(own, new Date(), new Date()).catch(() => {
      clearInterval(heartbeat);
      onLost();
    });
  }, times.heartbeat).unref();
  return {
    async release() {
      clearInterval(heartbeat);
      await rm(own, { force: true });
    },
  };
}

/** Appears with its content or not at all. */
async function publish(file: string, self: ProcessIdentity): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(self));
  await rename(`${file}.new`, file);
}

async function otherOwner(
  owners: string,
  own: string,
  self: ProcessIdentity,
  { silence }: LockTimes,
): Promise<ProcessIdentity | undefined> {
  for (const name of await readdir(owners)) {
    const file = join(owners, name);
    if (file === own || !name.endsWith('.json')) continue;
    const other = await readOwner(file);
    if (!other) continue;
    const alive = other.place === self.place ? await isRunning(other) : !(await isSilent(file, silence));
    if (alive) return other;
    await rm(file, { force: true });
  }
  return undefined;
}

/** Undefined: gone in the meantime. A file that a power cut left empty belongs to nobody known: its silence decides. */
async function readOwner(file: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as ProcessIdentity;
  } catch {
    return { place: 'an unknown place', pid: 0, started: '' };
  }
}

async function isSilent(file: string, silence: number): Promise<boolean> {
  const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: 0 }));
  return Date.now() - mtimeMs > silence;
}

function inUse(folder: string, { pid, place }: ProcessIdentity, self: ProcessIdentity): PiConfigurationError {
  const here = place === self.place;
  const who =
    here && pid === self.pid
      ? 'this very process'
      : here
        ? `process ${pid}`
        : `process ${pid} on ${place.split(' ')[0]}`;
  return new PiConfigurationError([
    {
      problem: `the ledger's folder ${folder} is open in ${who}; two at once would corrupt it`,
      fix: 'stop that process, give each its own `ledger.directory`, or share a PostgreSQL by `ledger.url`',
    },
  ]);
}
