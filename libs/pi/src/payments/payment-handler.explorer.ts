import type { OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, ModulesContainer } from '@nestjs/core';
import { PiConfigurationError, type PiConfigurationProblem } from '../errors/pi-configuration-error.js';
import { getPiToken } from '../pi.tokens.js';
import { paymentHandlerMarks, type PaymentHandlerMark } from './on-pi-payment.decorator.js';
import type { PaymentHandlerRegistry } from './payment-handler.registry.js';
import type { PiPaymentEvent, PiPaymentHandlers } from './payment-handlers.js';
import { PaymentsService } from './payments.service.js';
import { piAppOf } from './pi-payments.controller.js';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];
type Handler = PiPaymentHandlers[PiPaymentEvent];

interface MarkedMethod extends PaymentHandlerMark {
  /** `OrderPayments.deliver`, for people. */
  readonly name: string;
  /** Undefined where there is no single instance to call. */
  readonly handler: Handler | undefined;
}

/** Finds the methods under `@OnPiPayment` when the app starts, and refuses a start with which payments would be lost. */
export class PaymentHandlerExplorer implements OnModuleInit {
  constructor(
    private readonly modules: ModulesContainer,
    private readonly registry: PaymentHandlerRegistry,
    /** Name of the Pi app; `''` is the unnamed one. */
    private readonly app: string,
    private readonly hasLedger: boolean,
  ) {}

  onModuleInit(): void {
    const marked = this.markedMethods();
    const own = marked.filter(({ app }) => app === this.app);
    const problems = [...this.strangers(marked), ...this.problemsOf(own), ...this.missing(own)];
    if (problems.length > 0) throw new PiConfigurationError(problems);
    for (const { event, handler } of own) this.registry.set(event, handler as Handler);
  }

  private markedMethods(): MarkedMethod[] {
    const discovery = new DiscoveryService(this.modules);
    // An instance provided under several tokens (`useExisting`) is one.
    const seen = new Set<unknown>();
    return [...discovery.getProviders(), ...discovery.getControllers()].flatMap((wrapper) => {
      const prototype = prototypeOf(wrapper);
      const key: unknown = wrapper.isDependencyTreeStatic() ? wrapper.instance : wrapper;
      if (!prototype || seen.has(key)) return [];
      seen.add(key);
      return marksOf(wrapper, prototype);
    });
  }

  /** Of a Pi app that does not exist: it would never be called. */
  private strangers(marked: readonly MarkedMethod[]): PiConfigurationProblem[] {
    return marked
      .filter(({ app }) => !this.isRegistered(app))
      .map(({ name, event, app }) => ({
        problem: `${name} handles '${event}' of ${called(app)}, which is not registered`,
        fix: `register it with PiModule, or correct the name in @OnPiPayment('${event}', { app: … })`,
      }));
  }

  private isRegistered(app: string): boolean {
    const token = getPiToken(PaymentsService, app);
    return [...this.modules.values()].some(({ providers }) => providers.has(token as never));
  }

  private isControllerMounted(): boolean {
    const controllers = [...this.modules.values()].flatMap((module) => [...module.controllers.values()]);
    return controllers.some(({ metatype }) => piAppOf(metatype) === this.app);
  }

  private problemsOf(own: readonly MarkedMethod[]): PiConfigurationProblem[] {
    const problems: PiConfigurationProblem[] = own
      .filter(({ handler }) => !handler)
      .map(({ name, event }) => ({
        problem: `${name} handles '${event}', but its class is request-scoped or transient: there is no instance to call`,
        fix: 'make the class a default-scoped provider, and what it injects too; what the handler needs comes as arguments',
      }));
    for (const event of ['approve', 'completed', 'cancelled'] as const) {
      const names = own.filter((method) => method.event === event).map(({ name }) => name);
      if (names.length > 1) {
        problems.push({
          problem: `'${event}' of ${called(this.app)} is handled ${names.length} times: ${names.join(', ')}`,
          fix: 'keep one, and let it call the others; a class provided by two modules counts twice, so export it from one',
        });
      }
    }
    return problems;
  }

  private missing(own: readonly MarkedMethod[]): PiConfigurationProblem[] {
    const { app } = this;
    const controller = this.isControllerMounted();
    const handled = new Set(own.map(({ event }) => event));
    if (!this.hasLedger) {
      const needy = own.filter(({ event }) => event !== 'approve').map(({ name, event }) => `${name} ('${event}')`);
      const who = [...(controller ? ['PiPaymentsController'] : []), ...needy];
      if (who.length === 0) return [];
      return [
        {
          problem: `${who.join(' and ')} of ${called(app)} need a journal of payments, and there is none`,
          fix: 'give PiModule the option "ledger"',
        },
      ];
    }
    if (!controller && handled.size === 0) return [];
    return (['approve', 'completed'] as const)
      .filter((event) => !handled.has(event))
      .map((event) => ({
        problem: `${called(app)} takes payments, but nothing handles '${event}'`,
        fix:
          event === 'approve'
            ? "mark a provider's method with @OnPiPayment('approve') that returns { amount } or throws PiPaymentRefusedError"
            : "mark a provider's method with @OnPiPayment('completed') that delivers",
      }));
  }
}

function marksOf(wrapper: Wrapper, prototype: object): MarkedMethod[] {
  const scanner = new MetadataScanner();
  const instance = wrapper.isDependencyTreeStatic() && !wrapper.isTransient ? (wrapper.instance as object) : undefined;
  return scanner.getAllMethodNames(prototype).flatMap((name) => {
    const method = (prototype as Record<string, unknown>)[name];
    if (typeof method !== 'function') return [];
    return paymentHandlerMarks(method).map((mark) => ({
      ...mark,
      name: `${prototype.constructor.name}.${name}`,
      handler: instance && (method.bind(instance) as Handler),
    }));
  });
}

/** Of a request-scoped provider there is no instance yet, only its class. */
function prototypeOf({ instance, metatype }: Wrapper): object | undefined {
  if (instance && typeof instance === 'object') return Object.getPrototypeOf(instance) as object;
  const prototype: unknown = (metatype as { prototype?: unknown } | null)?.prototype;
  return typeof prototype === 'object' && prototype !== null ? prototype : undefined;
}

function called(app: string): string {
  return app === '' ? 'the Pi app' : `the Pi app "${app}"`;
}
