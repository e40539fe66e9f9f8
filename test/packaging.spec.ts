import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';

const LIBS = [
  ['libs/pi', 'nestjs-pi'],
  ['libs/pi-emulator', 'pi-emulator'],
] as const;

/** Every package that a published file asks for, at once or when it is needed. */
function packagesAskedFor(folder: string, own: string): Set<string> {
  const found = new Set<string>();
  for (const file of readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.endsWith('.spec.ts')) continue;
    const text = readFileSync(join(folder, 'src', file), 'utf8').replace(/^import type [^;]*;$/gm, '');
    for (const [, name] of text.matchAll(/(?:from|import\() ?'((?:@[\w.-]+\/)?[\w-]+)(?:\/[^']*)?'/g))
      if (!builtinModules.includes(name!) && name !== 'node' && name !== own) found.add(name!);
  }
  return found;
}

describe.each(LIBS)('the package in %s', (folder, own) => {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Partial<
    Record<'dependencies' | 'peerDependencies', object>
  >;

  it('declares every package it asks for: Yarn PnP and strict pnpm give it no other', () => {
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
    const asked = packagesAskedFor(folder, own);
    expect(asked.size).toBeGreaterThan(1);
    expect([...asked].filter((name) => !declared.includes(name))).toEqual([]);
  });
});
