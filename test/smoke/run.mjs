// Jest compiles everything to CommonJS and hides packaging faults. So: pack both libraries, install the tarballs into
// an empty project with each supported Nest major, and use them in plain Node as a stranger would.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const folder = mkdtempSync(join(tmpdir(), 'nestjs-pi-smoke-'));
function run(cwd, command, ...args) {
  const { status, stdout } = spawnSync(command, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')} failed in ${cwd}:\n${stdout}`);
  return stdout;
}

/** What a consumer installs beside the tarballs, by Nest major. */
const majors = {
  12: {
    '@nestjs/axios': '12.0.1',
    '@nestjs/common': '12.5.1',
    '@nestjs/core': '12.5.1',
    '@nestjs/platform-express': '12.5.1',
    '@nestjs/config': '12.0.1',
    '@nestjs/terminus': '12.1.0',
    '@nestjs/swagger': '12.0.2',
    '@nestjs/websockets': '12.1.1',
  },
  11: {
    '@nestjs/axios': '^4',
    '@nestjs/common': '^11',
    '@nestjs/core': '^11',
    '@nestjs/platform-express': '^11',
    '@nestjs/config': '^4',
    '@nestjs/terminus': '^11',
    '@nestjs/swagger': '^11',
    '@nestjs/websockets': '^11',
  },
};

try {
  const tarballs = ['libs/pi', 'libs/pi-emulator'].map((lib) => {
    const [{ filename, files }] = JSON.parse(
      run(join(root, lib), 'npm', 'pack', '--json', '--pack-destination', folder),
    );
    const stray = files.map(({ path }) => path).filter((path) => /\.spec\.|tsbuildinfo|^src\//.test(path));
    if (stray.length > 0) throw new Error(`${lib}: files that must not be published: ${stray.join(', ')}`);
    return join(folder, filename);
  });
  for (const [major, peers] of Object.entries(majors)) {
    const project = join(folder, `nest-${major}`);
    mkdirSync(project);
    cpSync(join(here, 'consumer'), project, { recursive: true });
    writeFileSync(
      join(project, 'package.json'),
      JSON.stringify({
        name: 'consumer',
        private: true,
        dependencies: {
          ...peers,
          'nestjs-pi': `file:${tarballs[0]}`,
          'pi-emulator': `file:${tarballs[1]}`,
          '@electric-sql/pglite': '^0.5',
          'reflect-metadata': '^0.2',
          rxjs: '^7',
        },
        devDependencies: { typescript: '6.0.3', '@types/node': '^20' },
      }),
    );
    run(project, 'npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error');
    console.log(run(project, process.execPath, 'esm.mjs').trim());
    console.log(run(project, process.execPath, 'cjs.cjs').trim());
    run(project, join(project, 'node_modules/.bin/tsc'), '-p', '.');
    const installed = JSON.parse(readFileSync(join(project, 'node_modules/@nestjs/core/package.json'), 'utf8')).version;
    console.log(`✓ nestjs-pi and pi-emulator work from their packages on Nest ${installed}: import, require, types`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
