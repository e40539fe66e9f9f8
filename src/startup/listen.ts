import type { NestExpressApplication } from '@nestjs/platform-express';
import { shopConfig, StartupError, type ShopConfig } from '../config/shop.config.js';

/** @returns the shop's address, without a trailing slash */
export async function listen(app: NestExpressApplication): Promise<string> {
  const { port, host } = app.get<ShopConfig>(shopConfig.KEY);
  try {
    await (host === undefined ? app.listen(port) : app.listen(port, host));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    const message = `Port ${port} is in use by another program. End it, or choose another port with PORT.`;
    throw new StartupError(message, { cause: error });
  }
  const bound = app.getHttpServer().address() as { port: number };
  const isHere = host === undefined || host === '127.0.0.1' || host === '0.0.0.0' || host === '::';
  return `http://${isHere ? 'localhost' : host}:${bound.port}`;
}
