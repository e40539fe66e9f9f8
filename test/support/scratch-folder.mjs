import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

const IN_MEMORY = '/dev/shm';
/** The most that a run has had there at once is a tenth of it. */
const ENOUGH_BYTES = 4 * 2 ** 30;

/** Where tests keep their databases: in memory, if there is room. On a disk, the files of a PGlite alone cost half a second to copy. */
export function scratchFolder() {
  try {
    const { bavail, bsize } = statfsSync(IN_MEMORY);
    return bavail * bsize >= ENOUGH_BYTES ? IN_MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}
