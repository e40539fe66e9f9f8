import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockFolder, type FolderLock } from './folder-lock.js';
import { thisProcess, type ProcessIdentity } from './process-identity.js';

describe('The lock on a folder', () => {
  let folder: string;
  const held: FolderLock[] = [];
  const times = { heartbeat: 100, silence: 1_500, patience: 500 };
  const lock = async (onLost = () => {}) => {
    const taken = await lockFolder(folder, onLost, times);
    held.push(taken);
    return taken;
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pi-lock-'));
  });
  afterEach(async () => {
    await Promise.all(held.splice(0).map((lock) => lock.release()));
    await rm(folder, { recursive: true, force: true });
  });

  /** Leaves an owner's file behind, as a killed process does. It is never seen half written, as no owner's is. */
  const leave = async (owner: Partial<ProcessIdentity>, ageMs = 0) => {
    const file = join(folder, 'owners', 'left-behind.json');
    await mkdir(join(folder, 'owners'), { recursive: true });
    const unpublished = join(folder, 'owners', `${randomUUID()}.new`);
    await writeFile(unpublished, JSON.stringify({ ...(await thisProcess()), ...owner }));
    const touched = new Date(Date.now() - ageMs);
    await utimes(unpublished, touched, touched);
    await rename(unpublished, file);
  };

  const writeEmpty = async (ageMs: number) => {
    const file = join(folder, 'owners', 'left-behind.json');
    await writeFile(file, '');
    await utimes(file, new Date(Date.now() - ageMs), new Date(Date.now() - ageMs));
  };

  const deadPid = () => spawnSync(process.execPath, ['-e', '']).pid;

  it.each([
    ['a process that is gone', () => leave({ pid: deadPid() })],
    ['an earlier process of a pid that is in use again', () => leave({ pid: process.ppid, started: '1' })],
    ['a file that a power cut left empty', () => leave({}).then(() => writeEmpty(20_000))],
    ['another container that was silent for a while', () => leave({ place: 'elsewhere' }, 20_000)],
  ])('is taken over from %s, at once', async (_, leaveBehind) => {
    await leaveBehind();
    await lock();
    expect(await readdir(join(folder, 'owners'))).toHaveLength(1);
  });

  it('is not taken from a living process', async () => {
    await leave({ pid: process.ppid, started: '' });
    await expect(lock()).rejects.toThrow(`is open in process ${process.ppid}`);
  });

  it('is not taken from a living owner in another container, whose pid says nothing here', async () => {
    const owner = { place: 'elsewhere boot ns', pid: deadPid() };
    await leave(owner);
    let touched = Promise.resolve();
    const touching = setInterval(() => (touched = leave(owner)), 200);
    try {
      await expect(lock()).rejects.toThrow(`is open in process ${owner.pid} on elsewhere`);
    } finally {
      clearInterval(touching);
      await touched;
    }
  }, 10_000);

  it('waits for a predecessor that is just stopping', async () => {
    const first = await lock();
    let released = false;
    setTimeout(() => void first.release().then(() => (released = true)), 200);
    await lock();
    expect(released).toBe(true);
  });

  it('goes to one of many that ask at the same moment, at the most', async () => {
    const answers = await Promise.allSettled(Array.from({ length: 6 }, () => lock()));
    expect(answers.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(1);
  });

  it('tells its holder when somebody else took the folder', async () => {
    const lost = new Promise<void>((resolve) => void lock(resolve));
    while ((await readdir(join(folder, 'owners')).catch(() => [])).length === 0) await new Promise(setImmediate);
    await rm(join(folder, 'owners'), { recursive: true });
    await expect(lost).resolves.toBeUndefined();
  });
});
