import { Inject } from '@nestjs/common';
import type { Abstract, InjectionToken, Type } from '@nestjs/common';

/**
 * The token a service of one Pi app is provided under: the class itself for the unnamed app, so that plain constructor
 * injection works, and a symbol for a named one.
 *
 * @example
 * const payments = app.get(getPiToken(PaymentsService, 'testnet'));
 */
export function getPiToken<T>(service: Type<T> | Abstract<T>, app?: string): symbol | Type<T> | Abstract<T> {
  return app ? Symbol.for(`nestjs-pi:${app}:${service.name}`) : service;
}

/**
 * Injects a service of a named Pi app.
 *
 * @example
 * constructor(@InjectPi(PaymentsService, 'testnet') private readonly payments: PaymentsService) {}
 */
export function InjectPi<T>(service: Type<T> | Abstract<T>, app?: string): ParameterDecorator & PropertyDecorator {
  return Inject(getPiToken(service, app));
}

/** Where the `PiResolvedOptions` of one Pi app are provided. */
export function getPiOptionsToken(app?: string): InjectionToken {
  return Symbol.for(app ? `nestjs-pi:${app}:options` : 'nestjs-pi:options');
}
