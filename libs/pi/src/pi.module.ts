import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { PiConfigurableModule } from './pi.module-definition.js';
import type { PiModuleAsyncOptions, PiModuleExtras, PiModuleOptions } from './pi.options.js';

/**
 * Sign-in, payments, payouts and ads of a Pi app. Global by default.
 *
 * Options are checked when the app starts; a `PiConfigurationError` lists every problem and its fix.
 */
@Module({})
export class PiModule extends PiConfigurableModule {
  /**
   * @example
   * PiModule.forRoot({ apiKey: process.env.PI_API_KEY!, network: 'testnet' })
   */
  static override forRoot<H>(options: PiModuleOptions<H> & PiModuleExtras): DynamicModule {
    if (!isObject(options)) return super.forRootAsync({ useFactory: () => options as PiModuleOptions });
    return super.forRoot(options as PiModuleOptions & PiModuleExtras);
  }

  /**
   * `isGlobal`, `name` and `paymentsController` stand beside the factory: they decide what Nest builds.
   *
   * @example
   * PiModule.forRootAsync({ ...piConfig.asProvider(), paymentsController: true })
   */
  static override forRootAsync<H>(options: PiModuleAsyncOptions<H>): DynamicModule {
    const hasFactory = options?.useFactory ?? options?.useClass ?? options?.useExisting;
    return super.forRootAsync((hasFactory ? options : { ...options, useFactory: noOptions }) as PiModuleAsyncOptions);
  }
}

/** What is missing, or misspelt, is for the check at boot to explain: Nest would not say what is wrong. */
const noOptions = () => undefined;

const isObject = (options: unknown): boolean => typeof options === 'object' && options !== null;
