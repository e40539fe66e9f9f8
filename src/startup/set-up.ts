import { join } from 'node:path';
import { ValidationPipe } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { addPiAuth, addPiPayments } from 'nestjs-pi/swagger';
import { shopConfig, type ShopConfig } from '../config/shop.config.js';

/** What the app needs beyond its modules: pipes, static files, `/docs`. */
export function setUp(app: NestExpressApplication): void {
  const { trustedProxies } = app.get<ShopConfig>(shopConfig.KEY);
  app.disable('x-powered-by');
  app.set('trust proxy', trustedProxies);
  app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true }));
  app.useStaticAssets(join(import.meta.dirname, '..', 'public'), { index: false });

  const description = addPiAuth(new DocumentBuilder())
    .setTitle('Corner Shop')
    .setDescription('The sample app of nestjs-pi.')
    .setVersion('0.1.0')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-Operator-Key' }, 'operator')
    .build();
  SwaggerModule.setup('docs', app, () => addPiPayments(SwaggerModule.createDocument(app, description)));
}
