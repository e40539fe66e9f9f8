import { ConsoleLogger } from '@nestjs/common';

/** Warnings and errors only. What keeps the shop from starting is said once, by `main.ts`, and not by Nest as well. */
export class ShopLogger extends ConsoleLogger {
  constructor() {
    super({ logLevels: ['warn', 'error', 'fatal'] });
  }

  override error(message: unknown, ...rest: [stack?: string, context?: string]): void {
    if (rest.at(-1) !== 'ExceptionHandler') super.error(message, ...rest);
  }
}
