import { availableParallelism } from 'node:os';

const swc = [
  '@swc/jest',
  {
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  },
];
// ESM-only packages that Jest must compile, wherever they are nested.
const esm = [
  '@nestjs',
  '@electric-sql',
  '@borewit',
  '@tokenizer',
  'content-disposition',
  'file-type',
  'strtok3',
  'token-types',
  'uint8array-extras',
];

export default {
  testEnvironment: 'node',
  // Much of what the tests do is waiting (for ledgers, leases, time-outs): one worker on two cores would idle.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  // Generous: a slow machine is not a fault. What has to be fast says so itself.
  testTimeout: 60_000,
  roots: ['<rootDir>/src', '<rootDir>/libs', '<rootDir>/test'],
  testRegex: '\\.(e2e-)?spec\\.ts$',
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/libs/[^/]+/dist/'],
  transform: { '^.+\\.(ts|[mc]?js)$': swc },
  transformIgnorePatterns: [`/node_modules/(?!(?:.*/node_modules/)?(?:${esm.join('|')})/)`],
  moduleNameMapper: {
    '^nestjs-pi$': '<rootDir>/libs/pi/src/index.ts',
    '^nestjs-pi/terminus$': '<rootDir>/libs/pi/src/health/index.ts',
    '^nestjs-pi/(config|swagger|testing|websockets)$': '<rootDir>/libs/pi/src/$1/index.ts',
    '^pi-emulator$': '<rootDir>/libs/pi-emulator/src/index.ts',
    '^@electric-sql/pglite$': '<rootDir>/node_modules/@electric-sql/pglite/dist/index.js',
    '^@electric-sql/pglite/node-postgres$': '<rootDir>/node_modules/@electric-sql/pglite/dist/node-postgres/index.js',
    // One file instead of 240, which every spec file would load anew.
    '^rxjs$': '<rootDir>/node_modules/rxjs/dist/bundles/rxjs.umd.js',
    '^rxjs/operators$': '<rootDir>/test/support/rxjs-operators.cjs',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  globalSetup: '<rootDir>/test/global-setup.mjs',
  globalTeardown: '<rootDir>/test/global-teardown.mjs',
  coverageProvider: 'v8',
};
