import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * On a first start, makes the empty database that the shop's ledger would make in its folder: seconds of work, which need
 * nothing of what is being built meanwhile.
 */
export async function makeDatabase({ DATABASE_URL, NODE_ENV, PI_DATA_DIR }) {
  const folder = join(PI_DATA_DIR?.trim() || '.data', 'database');
  if (DATABASE_URL?.trim() || NODE_ENV === 'production' || existsSync(folder)) return;
  const unfinished = `${folder}.new-${process.pid}`;
  try {
    await mkdir(unfinished, { recursive: true });
    const { PGlite } = await import('@electric-sql/pglite');
    const made = await PGlite.create(join(unfinished, 'postgres'));
    await made.close();
    // How the ledger knows that whoever had it open before closed it in order.
    await writeFile(join(unfinished, 'closed'), '');
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}
