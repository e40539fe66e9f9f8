import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PiEmulator } from 'pi-emulator';
import { type ShopEnvironment, StartupError } from './environment.js';

/** Starts a Pi in this process. It keeps its state beside the shop's, so that both agree after a restart. */
export async function startLocalPi(environment: ShopEnvironment): Promise<PiEmulator> {
  const { emulatorPort, emulatorLedgerMs, dataDirectory } = environment;
  const { PiEmulator } = await import('pi-emulator');
  await mkdir(dataDirectory, { recursive: true });
  try {
    return await PiEmulator.start({
      port: emulatorPort,
      ledgerMs: emulatorLedgerMs,
      pioneers: 3,
      stateFile: join(dataDirectory, 'pi-emulator.json'),
    });
  } catch (error) {
    throw new StartupError(`The Pi Emulator cannot start: ${(error as Error).message}`, { cause: error });
  }
}

/** The key of an operator who did not set one. */
export const makeOperatorKey = (): string => `emulated_operator_${randomBytes(9).toString('base64url')}`;

export function portInUse(variable: string, port: number, cause: unknown): StartupError {
  const message = `Port ${port} is in use by another program. End it, or choose another port with ${variable}.`;
  return new StartupError(message, { cause });
}
