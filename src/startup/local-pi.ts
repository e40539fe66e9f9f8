import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PiEmulator } from 'pi-emulator';
import { hasApiKey, readEnvironment, StartupError } from '../config/shop.config.js';

/**
 * Without `PI_API_KEY`, starts a Pi in this process and sets the variables that lead to it, as an `.env` file would: nothing
 * else in the shop knows that its Pi is an emulated one. It keeps its state beside the shop's, so that both agree after a
 * restart.
 *
 * @throws StartupError what is wrong with the environment and how to fix it
 */
export async function startLocalPi(env: NodeJS.ProcessEnv): Promise<PiEmulator | undefined> {
  const { emulator, dataDirectory } = readEnvironment(env);
  if (hasApiKey(env)) return undefined;
  const pi = await start(emulator, dataDirectory);
  Object.assign(env, {
    PI_API_KEY: pi.apiKey,
    PI_NETWORK: pi.network,
    PI_APP_ID: pi.appId,
    PI_WALLET_PRIVATE_SEED: pi.wallet.seed,
    PI_PLATFORM_URL: pi.platformUrl,
    PI_HORIZON_URL: pi.horizonUrl,
    PI_SDK_URL: `${pi.url}/pi-sdk.js`,
    // An emulated Pi lets anybody sign in as anybody: nobody but this machine gets to see it.
    HOST: '127.0.0.1',
    OPERATOR_KEY: env['OPERATOR_KEY']?.trim() || `emulated_operator_${randomBytes(9).toString('base64url')}`,
    REQUESTS_PER_MINUTE: env['REQUESTS_PER_MINUTE']?.trim() || '0',
  });
  return pi;
}

async function start(options: { port: number; ledgerMs: number }, dataDirectory: string): Promise<PiEmulator> {
  const { PiEmulator } = await import('pi-emulator');
  await mkdir(dataDirectory, { recursive: true });
  try {
    return await PiEmulator.start({ ...options, pioneers: 3, stateFile: join(dataDirectory, 'pi-emulator.json') });
  } catch (error) {
    throw new StartupError(`The Pi Emulator cannot start: ${(error as Error).message}`, { cause: error });
  }
}
