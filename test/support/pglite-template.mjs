import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A PGlite folder to copy, as making one takes seconds: made once on a machine, and moved into place when it is whole. */
export async function pgliteTemplate() {
  const { version } = JSON.parse(
    readFileSync(fileURLToPath(new URL('../package.json', import.meta.resolve('@electric-sql/pglite'))), 'utf8'),
  );
  const template = join(tmpdir(), `pi-pglite-template-${version}-${process.getuid?.() ?? ''}`);
  if (existsSync(template)) return template;
  const { PGlite } = await import('@electric-sql/pglite');
  const making = await mkdtemp(`${template}-`);
  await (await PGlite.create(making)).close();
  // Another run may have been faster: then its template is as good.
  await rename(making, template).catch(() => rm(making, { recursive: true, force: true }));
  return template;
}
