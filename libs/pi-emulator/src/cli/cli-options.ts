import { parseArgs, type ParseArgsConfig } from 'node:util';
import type { PiEmulatorOptions } from '../emulator.options.js';
import type { EmulatedNetwork } from '../network.js';

export const USAGE = `Usage: pi-emulator [options]

A local Pi Network: Platform API, blockchain with Horizon, browser SDK and dashboard on one port.

  --port <number>        port to listen on; 0 picks a free one (default 31415, or PI_EMULATOR_PORT)
  --host <address>       address to listen on (default 127.0.0.1)
  --network <name>       testnet or mainnet (default testnet)
  --ledger-ms <number>   milliseconds between two ledgers, or manual (default 5000)
  --state-file <path>    keep the emulated world in this file across restarts (default: in memory)
  --wallets <number>     app wallets to fund (default 1)
  --pioneers <number>    Pioneers to begin with (default 3)
  --a2u-limit <whom>     one unfinished payout per user or per app (default user)
  --seed <text>          repeatable identifiers and faults
  --help                 show this
  --version              show the version
`;

const FLAGS = {
  port: { type: 'string' },
  host: { type: 'string' },
  network: { type: 'string' },
  'ledger-ms': { type: 'string' },
  'state-file': { type: 'string' },
  wallets: { type: 'string' },
  pioneers: { type: 'string' },
  'a2u-limit': { type: 'string' },
  seed: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const satisfies ParseArgsConfig['options'];

const DEFAULT_PIONEERS = 3;

/** What the command line asks for. */
export type CliRequest = { action: 'start'; options: PiEmulatorOptions } | { action: 'help' } | { action: 'version' };

/** A command line that cannot be understood. */
export class CliUsageError extends Error {
  override readonly name = 'CliUsageError';
}

/** Reads the command line and the environment; a flag wins over a variable. @throws CliUsageError */
export function readCommandLine(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): CliRequest {
  const values = parse(args);
  if (values.help) return { action: 'help' };
  if (values.version) return { action: 'version' };
  const { host, network, seed } = values;
  const port = values.port ?? (env['PI_EMULATOR_PORT'] || undefined);
  const ledgerMs = values['ledger-ms'];
  const stateFile = values['state-file'];
  const a2uLimit = values['a2u-limit'];
  return {
    action: 'start',
    options: {
      ...(port !== undefined && { port: whole(values.port === undefined ? 'PI_EMULATOR_PORT' : '--port', port) }),
      ...(host !== undefined && { host }),
      ...(network !== undefined && { network: network as EmulatedNetwork }),
      ...(ledgerMs !== undefined && { ledgerMs: ledgerMs === 'manual' ? ledgerMs : whole('--ledger-ms', ledgerMs) }),
      ...(stateFile !== undefined && { stateFile }),
      ...(values.wallets !== undefined && { wallets: whole('--wallets', values.wallets) }),
      pioneers: values.pioneers === undefined ? DEFAULT_PIONEERS : whole('--pioneers', values.pioneers),
      ...(a2uLimit !== undefined && { a2uLimit: a2uLimit as 'app' | 'user' }),
      ...(seed !== undefined && { seed }),
    },
  };
}

function parse(args: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof FLAGS }>>['values'] {
  try {
    return parseArgs({ args: [...args], options: FLAGS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new CliUsageError((error as Error).message);
  }
}

function whole(name: string, value: string): number {
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw new CliUsageError(`${name} is '${value}': give a whole number.`);
}
