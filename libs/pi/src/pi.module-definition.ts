import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { PiCoreModule } from './pi-core.module.js';
import type { PiModuleExtras, PiModuleOptions } from './pi.options.js';
import { piAppControllers, piAppProviders } from './pi.providers.js';

/**
 * The extras with their defaults. Every extra needs its key here, or the builder takes it for an option
 * and hands it to the services.
 */
const extras: Required<PiModuleExtras> = {
  isGlobal: true,
  name: '',
  paymentsController: false,
};

export const { ConfigurableModuleClass: PiConfigurableModule, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<PiModuleOptions>({ optionsInjectionToken: Symbol('nestjs-pi:given-options') })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createPiOptions')
    .setExtras<PiModuleExtras>(extras, withExtras)
    .build();

function withExtras(definition: DynamicModule, given: PiModuleExtras): DynamicModule {
  const isGlobal = given.isGlobal ?? extras.isGlobal;
  const name = given.name ?? extras.name;
  const paymentsController =
    given.paymentsController === undefined ? extras.paymentsController : given.paymentsController;
  // With `forRoot` the options are in `given` too, and are checked where they are read.
  const isFactory = definition.providers?.some((provider) => 'useFactory' in provider);
  const beside = isFactory ? given : { isGlobal, name, paymentsController };
  const providers = piAppProviders(name || undefined, MODULE_OPTIONS_TOKEN, beside);
  return {
    ...definition,
    global: isGlobal,
    controllers: piAppControllers(name || undefined, paymentsController),
    imports: [...(definition.imports ?? []), PiCoreModule],
    providers: [...(definition.providers ?? []), ...providers],
    exports: [PiCoreModule, ...providers.map((provider) => ('provide' in provider ? provider.provide : provider))],
  };
}
