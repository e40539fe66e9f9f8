import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { PiModuleOptions } from 'nestjs-pi';
import type { PiEmulator } from 'pi-emulator';
import { createApp } from './create-app.js';
import { readEnvironment, type ShopEnvironment } from './environment.js';
import { makeOperatorKey, portInUse, startLocalPi } from './local-pi.js';
import { openTokenStore, type OpenTokenStore } from './token-store.js';

/** A running shop. */
export interface Shop {
  readonly app: NestExpressApplication;
  /** Without a trailing slash. */
  readonly url: string;
  /** The local Pi, when there is no API key for the real one. */
  readonly emulator?: PiEmulator;
  readonly operatorKey?: string;
  /** Ends everything that was started, the emulator last. */
  close(): Promise<void>;
}

const REAL_SDK = 'https://sdk.minepi.com/pi-sdk.js';
const REAL_REQUESTS_PER_MINUTE = 600;

/**
 * Starts the shop as the environment says: on the real Pi with `PI_API_KEY`, on an emulated one without.
 *
 * @param assetsDirectory the folder with `pages/` and `public/`
 * @throws StartupError what is wrong and how to fix it
 */
export async function startShop(env: NodeJS.ProcessEnv, assetsDirectory: string): Promise<Shop> {
  const environment = readEnvironment(env);
  const running: { close(): Promise<unknown> }[] = [];
  const close = async (): Promise<void> => {
    for (const part of running.splice(0).toReversed()) await part.close();
  };
  try {
    const emulator = environment.hasApiKey ? undefined : await startLocalPi(environment);
    if (emulator) running.push({ close: () => emulator.stop() });
    const store = environment.redisUrl === undefined ? undefined : await openTokenStore(environment.redisUrl);
    if (store) running.push(store);
    const operatorKey = environment.operatorKey ?? (emulator && makeOperatorKey());
    const requestsPerMinute = environment.requestsPerMinute ?? (emulator ? undefined : REAL_REQUESTS_PER_MINUTE);

    const app = await createApp({
      pi: { ...(emulator ? emulatedPi(emulator) : await realPi()), ...shared(environment, store) },
      sdkUrl: emulator ? `${emulator.url}/pi-sdk.js` : REAL_SDK,
      assetsDirectory,
      trustedProxies: environment.trustedProxies,
      ...(operatorKey !== undefined && { operatorKey }),
      ...(requestsPerMinute !== undefined && { requestsPerMinute }),
    });
    running.push(app);
    const url = await listen(app, environment);
    return { app, url, ...(emulator && { emulator }), ...(operatorKey !== undefined && { operatorKey }), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function emulatedPi(emulator: PiEmulator): PiModuleOptions {
  return {
    apiKey: emulator.apiKey,
    network: emulator.network,
    appId: emulator.appId,
    platformUrl: emulator.platformUrl,
    horizonUrl: emulator.horizonUrl,
    wallets: [{ name: 'shop', signer: { seed: emulator.wallet.seed }, dailyLimit: 10_000 }],
  };
}

/** `PI_API_KEY` and its fellows. */
async function realPi(): Promise<PiModuleOptions> {
  const { piConfig } = await import('nestjs-pi/config');
  return piConfig();
}

function shared(
  { databaseUrl, dataDirectory }: ShopEnvironment,
  store: OpenTokenStore | undefined,
): Pick<PiModuleOptions, 'ledger' | 'auth'> {
  const ledger = databaseUrl === undefined ? { directory: join(dataDirectory, 'database') } : { url: databaseUrl };
  return { ledger, ...(store && { auth: { store: store.store } }) };
}

async function listen(app: NestExpressApplication, { port, host, hasApiKey }: ShopEnvironment): Promise<string> {
  // An emulated Pi lets anybody sign in as anybody: nobody but this machine gets to see it.
  const address = hasApiKey ? host : '127.0.0.1';
  try {
    await (address === undefined ? app.listen(port) : app.listen(port, address));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw portInUse('PORT', port, error);
    throw error;
  }
  const bound = app.getHttpServer().address() as { port: number };
  return `http://${hasApiKey ? (host ?? 'localhost') : 'localhost'}:${bound.port}`;
}
