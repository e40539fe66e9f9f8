import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { PiConfigurationError } from 'nestjs-pi';
import { AppModule } from './app.module.js';
import { shopConfig, StartupError } from './config/shop.config.js';
import { announce } from './startup/announce.js';
import { listen } from './startup/listen.js';
import { startLocalPi } from './startup/local-pi.js';
import { setUp } from './startup/set-up.js';
import { ShopLogger } from './startup/shop-logger.js';

/** How long what is under way may take to end after Ctrl-C. */
const GRACE_MS = 10_000;

try {
  const emulator = await startLocalPi(process.env);
  const app = await NestFactory.create<NestExpressApplication>(AppModule, {
    abortOnError: false,
    logger: new ShopLogger(),
  });
  setUp(app);
  announce(await listen(app), app.get(shopConfig.KEY), emulator);

  // The emulator ends last: what the shop has begun, it finishes with Pi.
  const end = async (): Promise<void> => {
    setTimeout(() => {
      console.error(`Corner Shop did not end within ${GRACE_MS / 1_000} seconds.`);
      process.exit(1);
    }, GRACE_MS).unref();
    await app.close();
    await emulator?.stop();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end());
} catch (error) {
  const isExplained = error instanceof StartupError || error instanceof PiConfigurationError;
  console.error(isExplained ? `\nCorner Shop cannot start.\n${error.message}\n` : error);
  process.exit(1);
}
