import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { APP_GUARD } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { PiModule, type PiModuleOptions } from 'nestjs-pi';
import { piConfig } from 'nestjs-pi/config';
import { PiHealthIndicator } from 'nestjs-pi/terminus';
import { RewardsController } from './ads/rewards.controller.js';
import { RewardsService } from './ads/rewards.service.js';
import { Catalog } from './catalog/catalog.js';
import { ProductsController } from './catalog/products.controller.js';
import { shopConfig, type ShopConfig } from './config/shop.config.js';
import { TokenStore, TokenStoreModule } from './config/token-store.module.js';
import { HealthController } from './health/health.controller.js';
import { OrderPayments } from './orders/order-payments.js';
import { OrdersController } from './orders/orders.controller.js';
import { OrdersRepository } from './orders/orders.repository.js';
import { OrdersService } from './orders/orders.service.js';
import { PagesController } from './pages/pages.controller.js';
import { PayoutsController } from './payouts/payouts.controller.js';
import { MeController } from './pioneers/me.controller.js';

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true, load: [piConfig, shopConfig] }),
    PiModule.forRootAsync({
      imports: [TokenStoreModule],
      inject: [piConfig.KEY, shopConfig.KEY, TokenStore],
      useFactory: async (pi: PiModuleOptions, shop: ShopConfig, tokens: TokenStore): Promise<PiModuleOptions> => {
        const store = await tokens.open();
        return {
          ...pi,
          ...(store && { auth: { store } }),
          ledger: shop.databaseUrl ? { url: shop.databaseUrl } : { directory: join(shop.dataDirectory, 'database') },
          wallets: pi.wallets?.map((wallet) => ({ ...wallet, name: 'shop', dailyLimit: shop.dailyPayoutLimit })) ?? [],
        };
      },
      paymentsController: true,
    }),
    ThrottlerModule.forRootAsync({
      inject: [shopConfig.KEY],
      useFactory: ({ requestsPerMinute }: ShopConfig) => ({
        throttlers: [{ ttl: 60_000, limit: requestsPerMinute }],
        skipIf: () => requestsPerMinute === 0,
      }),
    }),
    TerminusModule.forRoot({ logger: false }),
  ],
  controllers: [
    PagesController,
    ProductsController,
    MeController,
    OrdersController,
    RewardsController,
    PayoutsController,
    HealthController,
  ],
  providers: [
    { provide: APP_GUARD, useClass: ThrottlerGuard },
    PiHealthIndicator,
    Catalog,
    OrdersRepository,
    OrdersService,
    OrderPayments,
    RewardsService,
  ],
})
export class AppModule {}
