import { readCommandLine } from './cli-options.js';

describe('the command line', () => {
  it.each([
    [[], {}, { pioneers: 3 }],
    [['--port', '0'], {}, { port: 0, pioneers: 3 }],
    [[], { PI_EMULATOR_PORT: '4000' }, { port: 4000, pioneers: 3 }],
    [['--port=5000'], { PI_EMULATOR_PORT: '4000' }, { port: 5000, pioneers: 3 }],
    [[], { PI_EMULATOR_PORT: '' }, { pioneers: 3 }],
    [['--ledger-ms', 'manual'], {}, { ledgerMs: 'manual', pioneers: 3 }],
    [
      ['--host', '::1', '--network', 'mainnet', '--ledger-ms', '100', '--state-file', 'a.json', '--seed', 'x'],
      {},
      { host: '::1', network: 'mainnet', ledgerMs: 100, stateFile: 'a.json', seed: 'x', pioneers: 3 },
    ],
    [['--a2u-limit', 'app'], {}, { a2uLimit: 'app', pioneers: 3 }],
    [['--wallets', '8', '--pioneers', '0'], {}, { wallets: 8, pioneers: 0 }],
  ])('%j with %j starts with %j', (args, env, options) => {
    expect(readCommandLine(args, env)).toEqual({ action: 'start', options });
  });

  it.each([
    [['--help'], 'help'],
    [['-h'], 'help'],
    [['--version'], 'version'],
    [['-v', '--port', '1'], 'version'],
  ])('%j asks for the %s', (args, action) => {
    expect(readCommandLine(args, {})).toEqual({ action });
  });

  it.each([
    [['--prot', '1'], {}, /Unknown option '--prot'/],
    [['start'], {}, /Unexpected argument 'start'/],
    [['--port'], {}, /'--port <value>' argument missing/],
    [['--port', 'x'], {}, /--port is 'x': give a whole number/],
    [['--ledger-ms', '-1'], {}, /--ledger-ms/],
    [['--wallets', '1.5'], {}, /--wallets is '1.5'/],
    [[], { PI_EMULATOR_PORT: 'http' }, /PI_EMULATOR_PORT is 'http': give a whole number/],
  ])('%j with %j is a clear error', (args, env, message) => {
    expect(() => readCommandLine(args, env)).toThrow(message);
  });
});
