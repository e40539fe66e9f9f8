import { type DynamicModule, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { TerminusModule } from '@nestjs/terminus';
import { PiModule } from 'nestjs-pi';
import { PiHealthIndicator } from 'nestjs-pi/terminus';
import { RewardsController } from './ads/rewards.controller.js';
import { RewardsService } from './ads/rewards.service.js';
import { Catalog } from './catalog/catalog.js';
import { ProductsController } from './catalog/products.controller.js';
import { HealthController } from './health/health.controller.js';
import { OrderPayments } from './orders/order-payments.js';
import { OrdersController } from './orders/orders.controller.js';
import { OrdersRepository } from './orders/orders.repository.js';
import { OrdersService } from './orders/orders.service.js';
import { PagesController } from './pages/pages.controller.js';
import { PayoutsController } from './payouts/payouts.controller.js';
import { MeController } from './pioneers/me.controller.js';
import { SETTINGS, type ShopSettings } from './startup/settings.js';

@Module({})
export class ShopModule {
  static forRoot(settings: ShopSettings): DynamicModule {
    const { requestsPerMinute } = settings;
    return {
      module: ShopModule,
      imports: [
        PiModule.forRoot({ ...settings.pi, paymentsController: true }),
        TerminusModule.forRoot({ logger: false }),
        ThrottlerModule.forRoot({
          throttlers: [{ ttl: 60_000, limit: requestsPerMinute ?? 0 }],
          skipIf: () => requestsPerMinute === undefined,
        }),
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
        { provide: SETTINGS, useValue: settings },
        { provide: APP_GUARD, useClass: ThrottlerGuard },
        PiHealthIndicator,
        Catalog,
        OrdersRepository,
        OrdersService,
        OrderPayments,
        RewardsService,
      ],
    };
  }
}
