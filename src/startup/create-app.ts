import { join } from 'node:path';
import { ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { addPiAuth } from 'nestjs-pi/swagger';
import { ShopModule } from '../shop.module.js';
import { ShopLogger } from './shop-logger.js';
import type { ShopSettings } from './settings.js';

/** The shop as a Nest app, not listening yet. */
export async function createApp(settings: ShopSettings): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(ShopModule.forRoot(settings), {
    abortOnError: false,
    logger: new ShopLogger(),
  });
  app.disable('x-powered-by');
  app.set('trust proxy', settings.trustedProxies);
  app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true }));
  app.useStaticAssets(join(settings.assetsDirectory, 'public'), { index: false });

  const description = addPiAuth(new DocumentBuilder())
    .setTitle('Corner Shop')
    .setDescription('The sample app of nestjs-pi.')
    .setVersion('0.1.0')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-Operator-Key' }, 'operator')
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, description));
  return app;
}
